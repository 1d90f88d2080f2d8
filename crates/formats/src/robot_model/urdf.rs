//! URDF (<https://wiki.ros.org/urdf/XML>): links and joints beside each other, in radians and metres.

use std::collections::BTreeSet;

use prairie_model::{Note, NoteKind};
use roxmltree::Node;

use super::pose::{Pose, of_rpy};
use super::{Actuator, Dialect, Joint, JointKind, Link, Mimic, RobotModel, numbers};

/// The axis of a joint that names none.
const AXIS: [f64; 3] = [1.0, 0.0, 0.0];

/// The robot of a `<robot>`.
pub(super) fn read(root: Node<'_, '_>) -> RobotModel {
    let mut reading = Reading::default();
    let mut model = RobotModel {
        dialect: Dialect::Urdf,
        name: root.attribute("name").map(str::to_owned),
        joints: Vec::new(),
        links: Vec::new(),
        actuators: Vec::new(),
        notes: Vec::new(),
    };
    for node in root.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "link" => model.links.push(reading.link(node)),
            "joint" => model.joints.push(reading.joint(node)),
            "transmission" => model.actuators.extend(transmission(node)),
            _ if node.tag_name().namespace().is_some_and(|space| space.contains("xacro")) => reading.macros += 1,
            _ => {}
        }
    }
    for joint in &model.joints {
        if let (Some(parent), Some(child)) = (&joint.parent, &joint.child)
            && let Some(link) = model.links.iter_mut().find(|link| link.name == *child)
        {
            link.parent = Some(parent.clone());
        }
    }
    reading.relations(&model);
    model.notes = reading.finish();
    model
}

/// What was odd.
#[derive(Default)]
struct Reading {
    notes: Vec<Note>,
    macros: u64,
}

impl Reading {
    fn odd(&mut self, text: String) {
        self.notes.push(Note::new(NoteKind::ValueUnknown, text));
    }

    fn finish(mut self) -> Vec<Note> {
        if self.macros > 0 {
            let text = format!("{} elements are macros of xacro, which are not expanded", self.macros);
            self.notes.push(Note::new(NoteKind::SchemaMissing, text).numbers(self.macros as f64, Some(0.0)));
        }
        self.notes
    }

    /// An attribute that is one number; a note where it is none.
    fn number(&mut self, node: Node<'_, '_>, of: &str, name: &str) -> Option<f64> {
        let text = node.attribute(name)?;
        let number = numbers(text).filter(|numbers| numbers.len() == 1).and_then(|numbers| numbers.first().copied());
        if number.is_none() {
            self.odd(format!("`{name}` of `{of}` is `{}`, which is no number", shortened(text)));
        }
        number
    }

    /// An attribute of three numbers; a note where it is something else.
    fn three(&mut self, node: Node<'_, '_>, of: &str, name: &str) -> Option<[f64; 3]> {
        let text = node.attribute(name)?;
        let three = numbers(text).and_then(|numbers| <[f64; 3]>::try_from(numbers).ok());
        if three.is_none() {
            self.odd(format!("`{name}` of `{of}` is `{}`, which are no three numbers", shortened(text)));
        }
        three
    }

    fn origin(&mut self, node: Node<'_, '_>, of: &str) -> Option<Pose> {
        let origin = child(node, "origin")?;
        let position = self.three(origin, of, "xyz").unwrap_or_default();
        let orientation = self.three(origin, of, "rpy").map_or(Pose::default().orientation, of_rpy);
        Some(Pose { position, orientation })
    }

    fn link(&mut self, node: Node<'_, '_>) -> Link {
        let name = node.attribute("name").unwrap_or_default().to_owned();
        let inertial = child(node, "inertial");
        let mass = inertial.and_then(|inertial| child(inertial, "mass"));
        let mass_kg = mass.and_then(|mass| self.number(mass, &name, "value"));
        // Without an origin the centre of mass is that of the frame.
        let inertia_origin = inertial.map(|inertial| self.origin(inertial, &name).unwrap_or_default());
        Link { name, parent: None, mass_kg, inertia_origin }
    }

    fn joint(&mut self, node: Node<'_, '_>) -> Joint {
        let name = node.attribute("name").unwrap_or_default().to_owned();
        let kind = match node.attribute("type") {
            Some("revolute") => JointKind::Revolute,
            Some("continuous") => JointKind::Continuous,
            Some("prismatic") => JointKind::Prismatic,
            Some("fixed") => JointKind::Fixed,
            Some("floating") => JointKind::Floating,
            Some("planar") => JointKind::Planar,
            Some("ball" | "spherical") => JointKind::Ball,
            other => {
                self.odd(format!("joint `{name}` is of type `{}`, and is taken as fixed", other.unwrap_or_default()));
                JointKind::Fixed
            }
        };
        let link = |which: &str| child(node, which).and_then(|it| it.attribute("link")).map(str::to_owned);
        let has_axis = !matches!(kind, JointKind::Fixed | JointKind::Floating | JointKind::Ball);
        let axis = match child(node, "axis") {
            Some(axis) if has_axis => Some(self.three(axis, &name, "xyz").unwrap_or(AXIS)),
            _ => has_axis.then_some(AXIS),
        };
        let limit = child(node, "limit");
        let bounded = matches!(kind, JointKind::Revolute | JointKind::Prismatic);
        let bound = |reading: &mut Self, which: &str| {
            // A limit that names no bound has zero there.
            limit.filter(|_| bounded).map(|limit| reading.number(limit, &name, which).unwrap_or(0.0))
        };
        let (lower, upper) = (bound(self, "lower"), bound(self, "upper"));
        let most = |reading: &mut Self, which: &str| limit.and_then(|limit| reading.number(limit, &name, which));
        let (velocity, effort) = (most(self, "velocity"), most(self, "effort"));
        if bounded && limit.is_none() {
            self.odd(format!("joint `{name}` has no limit"));
        }
        if lower > upper {
            self.odd(format!("the lower limit of joint `{name}` is above the upper"));
        }
        let mimic = child(node, "mimic").map(|mimic| Mimic {
            joint: mimic.attribute("joint").unwrap_or_default().to_owned(),
            multiplier: self.number(mimic, &name, "multiplier").unwrap_or(1.0),
            offset: self.number(mimic, &name, "offset").unwrap_or(0.0),
        });
        let (parent, carried) = (link("parent"), link("child"));
        let origin = self.origin(node, &name).unwrap_or_default();
        Joint { name, kind, parent, child: carried, axis, origin, lower, upper, velocity, effort, mimic }
    }

    /// Tells names that come twice, and links that are not there.
    fn relations(&mut self, model: &RobotModel) {
        let links: BTreeSet<&str> = model.links.iter().map(|link| link.name.as_str()).collect();
        if links.len() < model.links.len() {
            self.odd(format!("{} links share names with others", model.links.len() - links.len()));
        }
        let joints: BTreeSet<&str> = model.joints.iter().map(|joint| joint.name.as_str()).collect();
        if joints.len() < model.joints.len() {
            self.odd(format!("{} joints share names with others", model.joints.len() - joints.len()));
        }
        for joint in &model.joints {
            for link in [&joint.parent, &joint.child] {
                match link {
                    Some(link) if links.contains(link.as_str()) => {}
                    Some(link) => {
                        self.odd(format!("joint `{}` names the link `{link}`, which is not there", joint.name))
                    }
                    None => self.odd(format!("joint `{}` lacks a parent or a child", joint.name)),
                }
            }
        }
    }
}

/// The actuators of a transmission, each with its joint.
fn transmission(node: Node<'_, '_>) -> Vec<Actuator> {
    let kind = child(node, "type").and_then(|kind| kind.text()).map(|text| text.trim().to_owned());
    let kind = kind.or_else(|| node.attribute("type").map(str::to_owned)).unwrap_or_default();
    let joint = child(node, "joint").and_then(|joint| joint.attribute("name")).map(str::to_owned);
    let actuators = node.children().filter(|child| child.has_tag_name("actuator"));
    let one = |actuator: Node<'_, '_>| Actuator {
        name: actuator.attribute("name").unwrap_or_default().to_owned(),
        kind: kind.clone(),
        joint: joint.clone(),
        command: None,
        force: None,
    };
    actuators.map(one).collect()
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_is_told() {
        let text = r#"<?xml version="1.0"?><!-- a --><robot name="r" xmlns:xacro="http://ros.org/wiki/xacro"><link name="a"/>
            <link name="b"><inertial><origin xyz="0 0 1"/><mass value="x"/></inertial></link>
            <joint name="j" type="revolute"><parent link="a"/><child link="c"/><axis xyz="0 1"/></joint>
            <joint name="k" type="screw"><parent link="a"/></joint>
            <joint name="g" type="prismatic"><parent link="a"/><child link="b"/><limit effort="3" upper="0.04"/>
            <mimic joint="j" multiplier="-1"/></joint>
            <transmission name="t"><type>simple</type><joint name="g"/><actuator name="m"/></transmission>
            <xacro:macro name="x"/></robot>"#;
        let model = RobotModel::parse(text).unwrap();
        let told: Vec<_> = model.notes.iter().map(|note| note.text.as_str()).collect();
        let expected = [
            "`value` of `b` is `x`, which is no number",
            "`xyz` of `j` is `0 1`, which are no three numbers",
            "joint `j` has no limit",
            "joint `k` is of type `screw`, and is taken as fixed",
            "joint `j` names the link `c`, which is not there",
            "joint `k` lacks a parent or a child",
            "1 elements are macros of xacro, which are not expanded",
        ];
        assert_eq!(told, expected);
        let gripper = model.joint("g").unwrap();
        assert_eq!((gripper.lower, gripper.upper, gripper.effort), (Some(0.0), Some(0.04), Some(3.0)));
        assert_eq!(gripper.mimic, Some(Mimic { joint: "j".to_owned(), multiplier: -1.0, offset: 0.0 }));
        assert_eq!(model.links[1].inertia_origin.map(|pose| pose.position), Some([0.0, 0.0, 1.0]));
        assert_eq!((model.links[1].parent.as_deref(), model.actuators[0].joint.as_deref()), (Some("a"), Some("g")));
    }
}
