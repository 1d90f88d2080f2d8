//! Bags of ROS 1 and ROS 2: those of others, those that the tests write, and broken ones.
#![expect(clippy::disallowed_methods, reason = "tests read and write files of their own")]

mod peer;
mod samples;
mod support;
