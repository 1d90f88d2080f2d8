//! MP4: the sample table of a track in, a file out.
