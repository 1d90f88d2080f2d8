//! The robot of a mapping: its joints in their order, with the limits that its description (URDF, MJCF) states.
//!
//! ```text
//!   names of a stream ─┬─ as in the description ────────▶ as they are
//!                      ├─ spelled otherwise ────────────▶ those of the description, and a note
//!                      ├─ none, as many as joints move ─▶ those of the description in its order, and a note
//!                      └─ of no joint ──────────────────▶ as they are, and a note
//! ```
//!
//! **Invariant:** two elements of a stream never get one name.

use std::collections::BTreeSet;

use prairie_model::NoteKind;
use serde::{Deserialize, Serialize};

/// A robot, as far as its recordings need it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Robot {
    /// The name in its description.
    pub model: Option<String>,
    /// The joints that move by themselves, in the order of the description.
    pub joints: Vec<RobotJoint>,
}

/// One joint. Limits are in rad, rad/s, rad/s² and N·m, or in m, m/s, m/s² and N for one that slides; `None` is unknown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RobotJoint {
    /// The name in the description.
    pub name: String,
    /// Least position.
    pub lower: Option<f64>,
    /// Greatest position.
    pub upper: Option<f64>,
    /// Greatest speed.
    pub velocity: Option<f64>,
    /// Greatest acceleration.
    pub acceleration: Option<f64>,
    /// Greatest effort.
    pub effort: Option<f64>,
}

/// Names that are told one by one.
const TOLD: usize = 4;

impl Robot {
    /// What is wrong with it.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for RobotJoint { name, lower, upper, velocity, acceleration, effort } in &self.joints {
            if name.is_empty() || !names.insert(name) {
                return Err(format!("joint `{name}` has no name, or that of another"));
            }
            let all = [lower, upper, velocity, acceleration, effort];
            if all.into_iter().flatten().any(|limit| limit.is_nan()) || lower.zip(*upper).is_some_and(|(a, b)| a > b) {
                return Err(format!("the limits of joint `{name}` are none"));
            }
        }
        Ok(())
    }

    /// The names of a stream with `width` elements, as the description has them, with what is to be told.
    pub(crate) fn reconcile(&self, names: &mut Vec<String>, width: usize) -> Vec<(NoteKind, String)> {
        if self.joints.is_empty() || width == 0 {
            return Vec::new();
        }
        if names.is_empty() {
            if width != self.joints.len() {
                return Vec::new();
            }
            names.extend(self.joints.iter().map(|joint| joint.name.clone()));
            let text = format!("the {width} elements have no names: those of the robot's description, in its order");
            return vec![(NoteKind::NamesAssumed, text)];
        }
        let is_known = |name: &String| self.joints.iter().any(|joint| joint.name == *name);
        let (mut renamed, mut strangers) = (Vec::new(), Vec::new());
        let mut taken: BTreeSet<String> = names.iter().filter(|name| is_known(name)).cloned().collect();
        for name in names.iter_mut().filter(|name| !is_known(name)) {
            match self.spelled(name) {
                Some(joint) if taken.insert(joint.to_owned()) => {
                    renamed.push(format!("`{name}` is `{joint}`"));
                    joint.clone_into(name);
                }
                _ => strangers.push(format!("`{name}`")),
            }
        }
        let mut notes = Vec::new();
        if !renamed.is_empty() {
            let text = format!(
                "{} of {} elements are called as in the robot's description: {}",
                renamed.len(),
                names.len(),
                listed(&renamed)
            );
            notes.push((NoteKind::NamesReconciled, text));
        }
        if !strangers.is_empty() && strangers.len() < names.len() {
            let text = format!(
                "{} of {} elements are no joints of the robot's description: {}",
                strangers.len(),
                names.len(),
                listed(&strangers)
            );
            notes.push((NoteKind::NamesAssumed, text));
        }
        notes
    }

    /// The only joint whose name has the same words.
    fn spelled(&self, name: &str) -> Option<&str> {
        let wanted = words(name);
        let mut same = self.joints.iter().filter(|joint| words(&joint.name) == wanted);
        let first = same.next()?;
        same.next().is_none().then_some(first.name.as_str())
    }
}

fn listed(all: &[String]) -> String {
    let shown = all.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > TOLD { format!("{shown}, …") } else { shown }
}

/// The words of a name in small letters, without what only says that it is a joint: `kLeftElbow`, `left_elbow_joint` and
/// `Left Elbow` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = prairie_model::words(name).iter().flat_map(|word| apart(word)).collect();
    if words.first().is_some_and(|word| word == "k") && words.len() > 1 {
        words.remove(0);
    }
    if words.len() > 1 {
        words.retain(|word| word != "joint");
    }
    words
}

/// Letters and numbers apart: `joint1` is `joint 1`.
fn apart(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunk_by(|a, b| a.is_numeric() == b.is_numeric()).map(|part| part.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn robot(names: &[&str]) -> Robot {
        let joint = |name: &&str| RobotJoint { name: (*name).to_owned(), ..RobotJoint::default() };
        Robot { model: None, joints: names.iter().map(joint).collect() }
    }

    fn reconciled(robot: &Robot, names: &[&str], width: usize) -> (Vec<String>, Vec<String>) {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let notes = robot.reconcile(&mut names, width);
        (names, notes.into_iter().map(|(_, text)| text).collect())
    }

    #[test]
    fn spellings_of_one_joint_are_the_same() {
        for name in ["kLeftElbow", "left_elbow_joint", "Left Elbow", "left-elbow", "LEFT_ELBOW", "joint/left/elbow"] {
            assert_eq!(words(name), ["left", "elbow"], "{name}");
        }
        assert_eq!(words("joint1"), ["1"]);
        assert_eq!(words("joint"), ["joint"]);
        assert_eq!(words("left_hand_index_0_joint"), ["left", "hand", "index", "0"]);
    }

    #[test]
    fn names_are_those_of_the_description() {
        let g1 = robot(&["left_elbow_joint", "right_elbow_joint", "waist_yaw_joint"]);
        let (names, notes) = reconciled(&g1, &["kRightElbow", "left_elbow_joint", "kLeftHandPinky"], 3);
        assert_eq!(names, ["right_elbow_joint", "left_elbow_joint", "kLeftHandPinky"]);
        assert_eq!(
            notes,
            [
                "1 of 3 elements are called as in the robot's description: `kRightElbow` is `right_elbow_joint`",
                "1 of 3 elements are no joints of the robot's description: `kLeftHandPinky`"
            ]
        );
    }

    #[test]
    fn names_that_are_missing_are_taken_only_where_every_joint_has_its_number() {
        let arm = robot(&["a", "b"]);
        assert_eq!(reconciled(&arm, &[], 2).0, ["a", "b"]);
        assert_eq!(reconciled(&arm, &[], 3), (vec![], vec![]));
        // A stream of another robot is left alone.
        assert_eq!(reconciled(&arm, &["x", "y"], 2), (vec!["x".to_owned(), "y".to_owned()], vec![]));
    }

    #[test]
    fn two_elements_never_get_one_name() {
        let arm = robot(&["left_elbow_joint", "LeftElbow"]);
        assert_eq!(reconciled(&arm, &["kLeftElbow", "left elbow"], 2).0, ["kLeftElbow", "left elbow"]);
        let arm = robot(&["left_elbow_joint"]);
        assert_eq!(reconciled(&arm, &["kLeftElbow", "left elbow"], 2).0, ["left_elbow_joint", "left elbow"]);
    }

    #[test]
    fn limits_that_are_none_are_refused() {
        let mut arm = robot(&["a"]);
        arm.joints[0].lower = Some(1.0);
        arm.joints[0].upper = Some(-1.0);
        assert!(arm.check().is_err());
        assert!(robot(&["a", "a"]).check().is_err());
        assert!(robot(&["a", "b"]).check().is_ok());
    }
}
