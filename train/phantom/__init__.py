"""The phantom: a simulator of anterior-segment swept-source OCT scans of eyes with clear and cataractous lenses.

The order of the rooms: seeds -> anatomy -> lens -> opacity, mature -> disease -> patient -> beams -> lens_image,
tissue, cornea, pseudophakia -> artefacts -> detector -> display -> truth -> render -> plans -> cohort.
`train.phantom.render.simulate` makes one scan in memory.
"""
