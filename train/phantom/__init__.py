"""The phantom: a simulator of anterior-segment swept-source OCT scans of eyes with clear and cataractous lenses.

A module imports only from those to its left: seeds, field -> eye -> opacity -> patient -> imaging -> render -> cohorts.
`train.phantom.render.simulate` renders one scan in memory.
"""
