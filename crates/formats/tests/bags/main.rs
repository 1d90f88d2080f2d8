//! Bags of ROS 1 and ROS 2: those of others, those that the tests write, and broken ones.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read and write files of their own, and say what they skipped"
)]

mod bag;
mod peer;
mod rosbag2;
mod samples;
mod support;
mod write;
