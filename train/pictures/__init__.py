"""Pictures that show no anterior segment of an eye: what a network must learn to tell from a scan of one.

`train.pictures.draw.draw_picture` draws one in memory. Nothing is copied from a real picture.
"""
