//! Pictures: codec bitstreams to pixels, pixels to codec bitstreams.
