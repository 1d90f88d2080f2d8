//! Messages to episodes: clocks, kinds, units, names, segmentation.
