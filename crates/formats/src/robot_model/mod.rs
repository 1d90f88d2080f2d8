//! Descriptions of robots: URDF and MJCF, as joints with their limits and links with their masses.
//!
//! ```text
//!   text ─ XML ─▶ <robot>  ─ urdf ─▶ RobotModel {joints, links, actuators, notes}
//!               └▶ <mujoco> ─ mjcf ─▶     └ defaults of classes, angles in degrees, nested bodies
//! ```
//!
//! ```
//! use prairie_formats::robot_model::{JointKind, RobotModel};
//!
//! let text = r#"<robot name="arm"><link name="base"/><link name="hand"><inertial><mass value="0.5"/></inertial></link>
//!     <joint name="wrist" type="revolute"><parent link="base"/><child link="hand"/><axis xyz="0 0 1"/>
//!     <limit lower="-1.5" upper="1.5" velocity="3" effort="12"/></joint></robot>"#;
//! let model = RobotModel::parse(text)?;
//! assert_eq!((model.joints[0].kind, model.joints[0].upper), (JointKind::Revolute, Some(1.5)));
//! assert_eq!(model.links[1].mass_kg, Some(0.5));
//! # Ok::<(), prairie_formats::robot_model::RobotModelError>(())
//! ```
//!
//! Units are SI: radians, metres, seconds, newtons, kilograms, whatever the description uses.
//!
//! What it does *not* do: meshes, shapes, textures, contacts; masses that follow from shapes; files that a description includes, which
//! are told; macros of xacro.
//!
//! **Invariant:** a description costs memory in proportion to its bytes: entities are not expanded, documents have a largest size and
//! bodies a deepest one.

mod mjcf;
mod pose;
mod urdf;

use prairie_model::Note;
use roxmltree::{Document, ParsingOptions};

pub use pose::Pose;

/// Bytes of a description.
const BYTES_MAX: usize = 32 << 20;
/// Elements, attributes and texts of one.
const NODES_MAX: u32 = 500_000;

/// Which language a description is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The Unified Robot Description Format of ROS.
    Urdf,
    /// MuJoCo's XML.
    Mjcf,
}

/// How a joint moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JointKind {
    /// Around an axis, within limits.
    Revolute,
    /// Around an axis, without limits.
    Continuous,
    /// Along an axis.
    Prismatic,
    /// Not at all.
    Fixed,
    /// In all six directions.
    Floating,
    /// In a plane whose normal is the axis.
    Planar,
    /// Around a point.
    Ball,
}

/// A joint that follows another: `position = multiplier * position of the other + offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mimic {
    /// The joint that leads.
    pub joint: String,
    /// Its factor.
    pub multiplier: f64,
    /// Radians or metres that are added.
    pub offset: f64,
}

/// A joint between two links.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// Its name; empty where an MJCF gives it none.
    pub name: String,
    /// How it moves.
    pub kind: JointKind,
    /// The link that it hangs on; `None` where an MJCF's body hangs on the world, or a URDF says nothing.
    pub parent: Option<String>,
    /// The link that it carries.
    pub child: Option<String>,
    /// The axis in the frame of the child, as the description has it; `None` for joints without one.
    pub axis: Option<[f64; 3]>,
    /// Where the child's frame lies in the parent's when the joint is at zero.
    pub origin: Pose,
    /// The smallest position, in radians or metres; `None` without a limit.
    pub lower: Option<f64>,
    /// The largest position, in radians or metres; `None` without a limit.
    pub upper: Option<f64>,
    /// The largest speed, in radians or metres per second; `None` where nobody says. MJCF never does.
    pub velocity: Option<f64>,
    /// The largest torque or force, in newton metres or newtons; `None` where nobody says.
    pub effort: Option<f64>,
    /// The joint that it follows.
    pub mimic: Option<Mimic>,
}

/// A rigid body.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its name; empty where an MJCF gives it none.
    pub name: String,
    /// The link whose frame it is given in; `None` for the root. It may be joined to it by several joints, or by none.
    pub parent: Option<String>,
    /// Mass in kilograms; `None` where it is not written down (it may follow from shapes).
    pub mass_kg: Option<f64>,
    /// Where the centre of mass lies in the link's frame, and how the axes of inertia are turned; `None` where nobody says.
    pub inertia_origin: Option<Pose>,
}

/// What drives a joint.
#[derive(Debug, Clone, PartialEq)]
pub struct Actuator {
    /// Its name; empty where it has none.
    pub name: String,
    /// What it is called in the description: `motor`, `position`, or a transmission's type.
    pub kind: String,
    /// The joint that it drives; `None` where it drives something else, such as a tendon.
    pub joint: Option<String>,
    /// The range of commands, in the actuator's own unit; `None` where it is not limited.
    pub command: Option<(f64, f64)>,
    /// The range of forces, in newton metres or newtons at the actuator; `None` where it is not limited.
    pub force: Option<(f64, f64)>,
}

/// A robot as its description has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RobotModel {
    /// The language of the description.
    pub dialect: Dialect,
    /// Its name; `None` where it has none.
    pub name: Option<String>,
    /// Joints, in the order of the description.
    pub joints: Vec<Joint>,
    /// Links, in the order of the description.
    pub links: Vec<Link>,
    /// Actuators, in the order of the description.
    pub actuators: Vec<Actuator>,
    /// What could not be understood, and what lies elsewhere.
    pub notes: Vec<Note>,
}

/// Why a text is no description of a robot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RobotModelError {
    /// It is longer than a description may be.
    #[error("a description of {bytes} bytes, and {BYTES_MAX} are read")]
    TooLarge {
        /// Bytes.
        bytes: usize,
    },
    /// It is no XML.
    #[error("the description is no XML: {why}")]
    NotXml {
        /// What is wrong, with line and column.
        why: String,
    },
    /// It is XML of something else.
    #[error("the description begins with `<{root}>`, and neither with `<robot>` nor with `<mujoco>`")]
    NotARobot {
        /// The outermost element.
        root: String,
    },
}

impl RobotModel {
    /// Parses URDF or MJCF, whichever it is.
    ///
    /// # Errors
    ///
    /// When the text is no XML, too long, or of something else. What is odd inside of a robot is a note.
    pub fn parse(text: &str) -> Result<Self, RobotModelError> {
        if text.len() > BYTES_MAX {
            return Err(RobotModelError::TooLarge { bytes: text.len() });
        }
        let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let document = Document::parse_with_options(text, options)
            .map_err(|error| RobotModelError::NotXml { why: error.to_string() })?;
        let root = document.root_element();
        match root.tag_name().name() {
            "robot" => Ok(urdf::read(root)),
            "mujoco" | "mujocoinclude" => Ok(mjcf::read(root)),
            other => Err(RobotModelError::NotARobot { root: other.to_owned() }),
        }
    }

    /// The joint of that name.
    pub fn joint(&self, name: &str) -> Option<&Joint> {
        self.joints.iter().find(|joint| joint.name == name)
    }
}

/// Numbers between blanks; `None` where one is no number, or not finite.
fn numbers(text: &str) -> Option<Vec<f64>> {
    let number = |part: &str| part.parse::<f64>().ok().filter(|number| number.is_finite());
    text.split_ascii_whitespace().map(number).collect()
}
