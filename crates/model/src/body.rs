//! Which part of a robot's body an element belongs to, by its name.

use std::collections::BTreeMap;

/// A part of the body of a humanoid, a quadruped or an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyPart {
    /// Head and neck.
    Head,
    /// Waist, spine, chest.
    Torso,
    /// The left arm, from shoulder to wrist.
    LeftArm,
    /// The right arm.
    RightArm,
    /// The arm of a robot that has one.
    Arm,
    /// The left hand or gripper.
    LeftHand,
    /// The right hand or gripper.
    RightHand,
    /// The hand or gripper of a robot that has one.
    Hand,
    /// The left leg of a humanoid.
    LeftLeg,
    /// The right leg of a humanoid.
    RightLeg,
    /// The front left leg of a quadruped.
    FrontLeftLeg,
    /// The front right leg of a quadruped.
    FrontRightLeg,
    /// The rear left leg of a quadruped.
    RearLeftLeg,
    /// The rear right leg of a quadruped.
    RearRightLeg,
    /// Wheels and the mobile base.
    Base,
}

/// What a word says about the part.
enum Region {
    Head,
    Torso,
    Arm,
    Hand,
    Leg,
    Base,
}

impl BodyPart {
    /// The name in JSON and tables: `left_arm`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Torso => "torso",
            Self::LeftArm => "left_arm",
            Self::RightArm => "right_arm",
            Self::Arm => "arm",
            Self::LeftHand => "left_hand",
            Self::RightHand => "right_hand",
            Self::Hand => "hand",
            Self::LeftLeg => "left_leg",
            Self::RightLeg => "right_leg",
            Self::FrontLeftLeg => "front_left_leg",
            Self::FrontRightLeg => "front_right_leg",
            Self::RearLeftLeg => "rear_left_leg",
            Self::RearRightLeg => "rear_right_leg",
            Self::Base => "base",
        }
    }

    /// The places of the elements of each part, by its name; elements whose names do not tell are in none.
    pub fn groups(names: &[String]) -> BTreeMap<&'static str, Vec<usize>> {
        let mut groups: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
        for (at, name) in names.iter().enumerate() {
            if let Some(part) = Self::of(name) {
                groups.entry(part.name()).or_default().push(at);
            }
        }
        groups
    }

    /// The part that a joint, an actuator or another element of that name belongs to; `None` where the name does not tell.
    pub fn of(name: &str) -> Option<Self> {
        let words = without_numbers(name);
        let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
        let left = has(&["left", "l", "lf", "fl", "lh", "hl", "rl", "bl"]);
        let right = has(&["right", "r", "rf", "fr", "rh", "hr", "rr", "br"]);
        let front = has(&["front", "lf", "fl", "rf", "fr"]);
        let rear = has(&["rear", "hind", "back", "lh", "hl", "rh", "hr", "rl", "rr", "bl", "br"]);
        let side = match (left, right) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        };
        // `rl` begins with an `r` for rear, and says left.
        let side = if has(&["rl", "bl", "hl", "lh", "fl", "lf"]) { Some(true) } else { side };
        Some(match (region(&words)?, side) {
            (Region::Head, _) => Self::Head,
            (Region::Torso, _) => Self::Torso,
            (Region::Base, _) => Self::Base,
            (Region::Arm, Some(true)) => Self::LeftArm,
            (Region::Arm, Some(false)) => Self::RightArm,
            (Region::Arm, None) => Self::Arm,
            (Region::Hand, Some(true)) => Self::LeftHand,
            (Region::Hand, Some(false)) => Self::RightHand,
            (Region::Hand, None) => Self::Hand,
            (Region::Leg, Some(true)) if front => Self::FrontLeftLeg,
            (Region::Leg, Some(false)) if front => Self::FrontRightLeg,
            (Region::Leg, Some(true)) if rear => Self::RearLeftLeg,
            (Region::Leg, Some(false)) if rear => Self::RearRightLeg,
            (Region::Leg, Some(true)) => Self::LeftLeg,
            (Region::Leg, Some(false)) => Self::RightLeg,
            (Region::Leg, None) => return None,
        })
    }
}

/// The region that the words name; that of the more particular word where there are several (`left_arm_gripper`).
fn region(words: &[String]) -> Option<Region> {
    const HAND: [&str; 13] = [
        "hand", "gripper", "finger", "fingers", "thumb", "index", "middle", "ring", "pinky", "little", "palm", "claw",
        "jaw",
    ];
    const ARM: [&str; 8] = ["shoulder", "elbow", "wrist", "arm", "forearm", "upperarm", "lowerarm", "zarm"];
    const LEG: [&str; 15] = [
        "hip", "knee", "ankle", "leg", "thigh", "calf", "foot", "toe", "shin", "haa", "hfe", "kfe", "abad", "crotch",
        "zleg",
    ];
    const HEAD: [&str; 5] = ["head", "neck", "eye", "antenna", "zhead"];
    const TORSO: [&str; 7] = ["waist", "torso", "trunk", "spine", "chest", "abdomen", "lift"];
    const BASE: [&str; 5] = ["base", "wheel", "chassis", "mobile", "caster"];
    let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
    Some(match () {
        // A shoulder that lifts is no lift.
        () if has(&HAND) => Region::Hand,
        () if has(&ARM) => Region::Arm,
        () if has(&LEG) => Region::Leg,
        () if has(&HEAD) => Region::Head,
        () if has(&BASE) => Region::Base,
        () if has(&TORSO) => Region::Torso,
        () => return None,
    })
}

/// The words of a name without its numbers: those of `zarm_l1_joint` are `zarm l joint`.
fn without_numbers(name: &str) -> Vec<String> {
    let words = crate::words(name);
    let letters = words.iter().flat_map(|word| word.split(|letter: char| !letter.is_alphabetic()));
    letters.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_humanoids_quadrupeds_and_arms() {
        for (name, part) in [
            ("kLeftShoulderPitch", "left_arm"),
            ("kRightHandThumbRotation", "right_hand"),
            ("left_wrist_yaw_joint", "left_arm"),
            ("left_hand_index_0_joint", "left_hand"),
            ("right_ankle_roll_joint", "right_leg"),
            ("waist_yaw_joint", "torso"),
            ("head_pitch", "head"),
            ("FL_hip_joint", "front_left_leg"),
            ("RR_calf_joint", "rear_right_leg"),
            ("RL_thigh_joint", "rear_left_leg"),
            ("LF_HAA", "front_left_leg"),
            ("RH_KFE", "rear_right_leg"),
            ("zarm_l1_joint", "left_arm"),
            ("zarm_r7_joint", "right_arm"),
            ("shoulder_pan_joint", "arm"),
            ("shoulder_lift", "arm"),
            ("gripper.pos", "hand"),
            ("l_gripper.pos", "left_hand"),
            ("mobile_base.vx", "base"),
            ("waist_lift", "torso"),
        ] {
            assert_eq!(BodyPart::of(name).map(BodyPart::name), Some(part), "{name}");
        }
        for name in ["panda_joint1", "joint_3", "", "x", "hip", "linear"] {
            assert_eq!(BodyPart::of(name), None, "{name}");
        }
    }
}
