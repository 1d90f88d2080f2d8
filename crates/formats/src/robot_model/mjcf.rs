//! MJCF (<https://mujoco.readthedocs.io/en/stable/XMLreference.html>): bodies inside bodies, and defaults by class.
//!
//! ```text
//!   <compiler> ─▶ degrees or radians, limits by themselves       <default> ─▶ attributes of classes, inherited
//!   <worldbody> ─▶ body: link ─▶ joints of it ─▶ bodies inside   <actuator>, <equality> ─▶ what drives joints, what follows them
//! ```

use std::collections::BTreeMap;

use prairie_model::{Note, NoteKind};
use roxmltree::Node;

use super::pose::{Pose, around, euler, normal, of_axes, of_z};
use super::{Actuator, Dialect, Joint, JointKind, Link, Mimic, RobotModel, numbers};

/// Bodies inside bodies, and classes inside classes.
const DEPTH_MAX: usize = 256;
/// Attributes that classes hold together with those they inherit.
const DEFAULTS_MAX: usize = 200_000;
/// Notes of one description.
const NOTES_MAX: usize = 200;

/// The class that every other inherits from.
const MAIN: &str = "main";

/// Attributes by element: `joint`, `motor`.
type Defaults = BTreeMap<String, BTreeMap<String, String>>;

/// The robot of a `<mujoco>`.
pub(super) fn read(root: Node<'_, '_>) -> RobotModel {
    let mut reading = Reading {
        model: RobotModel {
            dialect: Dialect::Mjcf,
            name: root.attribute("model").map(str::to_owned),
            joints: Vec::new(),
            links: Vec::new(),
            actuators: Vec::new(),
            notes: Vec::new(),
        },
        classes: BTreeMap::new(),
        held: 0,
        degrees: true,
        auto_limits: true,
        sequence: "xyz".to_owned(),
    };
    let sections =
        |name: &'static str| root.children().filter(move |node| node.is_element() && node.tag_name().name() == name);
    // Sections may come several times and in any order: what others depend on first.
    sections("compiler").for_each(|node| reading.compiler(node));
    reading.classes.insert(MAIN.to_owned(), Defaults::new());
    sections("default").for_each(|node| reading.class(node, None, DEPTH_MAX));
    sections("worldbody").for_each(|node| {
        let place = Place { parent: None, class: None, frame: Pose::default() };
        reading.bodies(node, &place, DEPTH_MAX);
    });
    sections("actuator").for_each(|node| reading.actuators(node));
    sections("equality").for_each(|node| reading.equalities(node));
    for include in root.descendants().filter(|node| node.has_tag_name("include") || node.has_tag_name("attach")) {
        let file = include.attribute("file").or_else(|| include.attribute("model")).unwrap_or_default();
        let text = format!("`{file}` is included, and not read");
        reading.note(Note::new(NoteKind::FileMissing, text).in_file(file));
    }
    reading.model
}

struct Reading {
    model: RobotModel,
    classes: BTreeMap<String, Defaults>,
    /// Attributes that classes hold.
    held: usize,
    degrees: bool,
    auto_limits: bool,
    sequence: String,
}

/// Where bodies hang.
#[derive(Clone)]
struct Place {
    parent: Option<String>,
    /// The class of what names none.
    class: Option<String>,
    /// A frame around them that is no body.
    frame: Pose,
}

/// An element with the attributes of its class behind its own.
struct Element<'a, 'input> {
    node: Node<'a, 'input>,
    defaults: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Element<'a, '_> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.node.attribute(name).or_else(|| self.defaults?.get(name).map(String::as_str))
    }

    fn range(&self, name: &str) -> Option<(f64, f64)> {
        match numbers(self.get(name)?)?.as_slice() {
            [low, high] => Some((*low, *high)),
            _ => None,
        }
    }
}

impl Reading {
    fn note(&mut self, note: Note) {
        if self.model.notes.len() < NOTES_MAX {
            self.model.notes.push(note);
        }
    }

    fn odd(&mut self, text: String) {
        self.note(Note::new(NoteKind::ValueUnknown, text));
    }

    fn compiler(&mut self, node: Node<'_, '_>) {
        if let Some(angle) = node.attribute("angle") {
            self.degrees = angle != "radian";
        }
        if let Some(auto) = node.attribute("autolimits") {
            self.auto_limits = auto != "false";
        }
        if let Some(sequence) = node.attribute("eulerseq") {
            self.sequence = sequence.to_owned();
        }
    }

    /// A class, and those inside it, which inherit from it. The outermost is `main`, whatever it is called.
    fn class(&mut self, node: Node<'_, '_>, parent: Option<&str>, depth: usize) {
        let name = match (parent, node.attribute("class")) {
            (None, _) => MAIN,
            (Some(_), Some(name)) => name,
            (Some(_), None) => return self.odd("a class inside another has no name".to_owned()),
        };
        let mut defaults = self.classes.get(parent.unwrap_or(MAIN)).cloned().unwrap_or_default();
        for element in node.children().filter(Node::is_element) {
            let tag = element.tag_name().name();
            if tag != "default" {
                let known = defaults.entry(tag.to_owned()).or_default();
                known.extend(element.attributes().map(|it| (it.name().to_owned(), it.value().to_owned())));
            }
        }
        // A class takes all that it inherits along, so their depth times their number is bounded.
        self.held += defaults.values().map(BTreeMap::len).sum::<usize>();
        if self.held > DEFAULTS_MAX || depth == 0 {
            return self.odd(format!("class `{name}` and what is inside is left out: there are too many defaults"));
        }
        // The outermost class goes by its own name as well.
        if let (None, Some(own)) = (parent, node.attribute("class")) {
            self.classes.insert(own.to_owned(), defaults.clone());
        }
        self.classes.insert(name.to_owned(), defaults);
        for inner in node.children().filter(|inner| inner.has_tag_name("default")) {
            self.class(inner, Some(name), depth - 1);
        }
    }

    /// The attributes that an element's class gives to elements of a tag.
    fn defaults(&self, node: Node<'_, '_>, tag: &str, class: Option<&str>) -> Option<BTreeMap<String, String>> {
        let class = node.attribute("class").or(class).unwrap_or(MAIN);
        self.classes.get(class).and_then(|class| class.get(tag)).cloned()
    }

    fn radians(&self, angle: f64) -> f64 {
        if self.degrees { angle.to_radians() } else { angle }
    }

    /// Where an element lies in the one around it.
    fn pose(&mut self, node: Node<'_, '_>, of: &str) -> Pose {
        let list = |name: &str| node.attribute(name).map(|text| numbers(text).unwrap_or_default());
        let position = list("pos").map(|list| <[f64; 3]>::try_from(list).ok());
        let turn = if let Some(list) = list("quat") {
            // MuJoCo has the real part first.
            Some(<[f64; 4]>::try_from(list).ok().and_then(|[w, x, y, z]| normal([x, y, z, w])))
        } else if let Some(list) = list("axisangle") {
            let four = <[f64; 4]>::try_from(list).ok();
            Some(four.and_then(|[x, y, z, angle]| around([x, y, z], self.radians(angle))))
        } else if let Some(list) = list("euler") {
            let three = <[f64; 3]>::try_from(list).ok();
            Some(three.and_then(|angles| euler(&self.sequence, angles.map(|angle| self.radians(angle)))))
        } else if let Some(list) = list("xyaxes") {
            let six = <[f64; 6]>::try_from(list).ok();
            Some(six.and_then(|[a, b, c, d, e, f]| of_axes([a, b, c], [d, e, f])))
        } else {
            list("zaxis").map(|list| <[f64; 3]>::try_from(list).ok().and_then(of_z))
        };
        if position == Some(None) || turn == Some(None) {
            self.odd(format!("the place of `{of}` is not given by numbers as it should be"));
        }
        Pose {
            position: position.flatten().unwrap_or_default(),
            orientation: turn.flatten().unwrap_or(Pose::default().orientation),
        }
    }

    /// The bodies in an element, and in frames of it.
    fn bodies(&mut self, node: Node<'_, '_>, place: &Place, depth: usize) {
        if depth == 0 {
            return self.odd(format!("bodies are nested more than {DEPTH_MAX} deep; those inside are left out"));
        }
        for element in node.children().filter(Node::is_element) {
            match element.tag_name().name() {
                "body" => self.body(element, place, depth),
                "frame" => {
                    let inner = self.pose(element, "a frame");
                    let class = element.attribute("childclass").map(str::to_owned).or_else(|| place.class.clone());
                    let inner = Place { frame: place.frame.then(&inner), class, parent: place.parent.clone() };
                    self.bodies(element, &inner, depth - 1);
                }
                "replicate" => self.odd("a `replicate` is taken once".to_owned()),
                _ => {}
            }
            if element.has_tag_name("replicate") {
                self.bodies(element, place, depth - 1);
            }
        }
    }

    fn body(&mut self, node: Node<'_, '_>, place: &Place, depth: usize) {
        let name = node.attribute("name").unwrap_or_default().to_owned();
        let pose = self.pose(node, &name);
        let origin = place.frame.then(&pose);
        let class = node.attribute("childclass").map(str::to_owned).or_else(|| place.class.clone());
        let inertial = node.children().find(|child| child.has_tag_name("inertial"));
        let mass = inertial.and_then(|inertial| inertial.attribute("mass")).map(|text| (text, numbers(text)));
        if let Some((text, None)) = &mass {
            self.odd(format!("the mass of `{name}` is `{}`", text.chars().take(80).collect::<String>()));
        }
        let mass_kg = mass.and_then(|(_, numbers)| numbers?.first().copied());
        let inertia_origin = inertial.map(|inertial| self.pose(inertial, &name));
        self.model.links.push(Link { name: name.clone(), parent: place.parent.clone(), mass_kg, inertia_origin });
        for joint in node.children().filter(Node::is_element) {
            match joint.tag_name().name() {
                "joint" => self.joint(joint, class.as_deref(), (place, &name), origin),
                "freejoint" => {
                    let joint = Joint {
                        name: joint.attribute("name").unwrap_or_default().to_owned(),
                        kind: JointKind::Floating,
                        parent: place.parent.clone(),
                        child: Some(name.clone()),
                        axis: None,
                        origin,
                        lower: None,
                        upper: None,
                        velocity: None,
                        effort: None,
                        mimic: None,
                    };
                    self.model.joints.push(joint);
                }
                _ => {}
            }
        }
        let inside = Place { parent: Some(name), class, frame: Pose::default() };
        self.bodies(node, &inside, depth - 1);
    }

    fn joint(&mut self, node: Node<'_, '_>, class: Option<&str>, (place, child): (&Place, &str), origin: Pose) {
        let defaults = self.defaults(node, "joint", class);
        let element = Element { node, defaults: defaults.as_ref() };
        let name = node.attribute("name").unwrap_or_default().to_owned();
        let turns = |element: &Element<'_, '_>| match element.get("type") {
            None | Some("hinge") => Some(JointKind::Continuous),
            Some("slide") => Some(JointKind::Prismatic),
            Some("ball") => Some(JointKind::Ball),
            Some("free") => Some(JointKind::Floating),
            Some(_) => None,
        };
        let Some(mut kind) = turns(&element) else {
            let text = format!("joint `{name}` is of type `{}`, and left out", element.get("type").unwrap_or_default());
            return self.odd(text);
        };
        let range = self.limited(&element, "limited", "range", &name);
        let (mut lower, mut upper) = (range.map(|range| range.0), range.map(|range| range.1));
        if matches!(kind, JointKind::Continuous | JointKind::Ball) {
            (lower, upper) = (lower.map(|angle| self.radians(angle)), upper.map(|angle| self.radians(angle)));
        }
        if kind == JointKind::Continuous && range.is_some() {
            kind = JointKind::Revolute;
        }
        if kind == JointKind::Floating {
            (lower, upper) = (None, None);
        }
        let forces = self.limited(&element, "actuatorfrclimited", "actuatorfrcrange", &name);
        let has_axis = matches!(kind, JointKind::Continuous | JointKind::Revolute | JointKind::Prismatic);
        let axis = element.get("axis").map(|text| numbers(text).and_then(|axis| <[f64; 3]>::try_from(axis).ok()));
        if axis == Some(None) {
            self.odd(format!("the axis of joint `{name}` is not three numbers"));
        }
        self.model.joints.push(Joint {
            name,
            kind,
            parent: place.parent.clone(),
            child: Some(child.to_owned()),
            axis: has_axis.then(|| axis.flatten().unwrap_or([0.0, 0.0, 1.0])),
            origin,
            lower,
            upper,
            velocity: None,
            effort: forces.map(|(low, high)| low.abs().max(high.abs())),
            mimic: None,
        });
    }

    /// A range, if the element is limited: as it says, else if it has a range and the compiler takes that for a limit.
    fn limited(&mut self, element: &Element<'_, '_>, flag: &str, name: &str, of: &str) -> Option<(f64, f64)> {
        let range = element.range(name);
        if element.get(name).is_some() && range.is_none() {
            self.odd(format!("`{name}` of `{of}` is not two numbers"));
        }
        match element.get(flag) {
            Some("true") => range,
            Some("false") => None,
            _ => range.filter(|_| self.auto_limits),
        }
    }

    fn actuators(&mut self, section: Node<'_, '_>) {
        for node in section.children().filter(Node::is_element) {
            let tag = node.tag_name().name();
            // MuJoCo keeps the defaults of all shortcuts under `general`; those of a shortcut's own name are set there as well.
            let defaults = self.defaults(node, tag, None).or_else(|| self.defaults(node, "general", None));
            let element = Element { node, defaults: defaults.as_ref() };
            let name = node.attribute("name").unwrap_or_default().to_owned();
            let joint = node.attribute("joint").or_else(|| node.attribute("jointinparent")).map(str::to_owned);
            let command = self.limited(&element, "ctrllimited", "ctrlrange", &name);
            let force = self.limited(&element, "forcelimited", "forcerange", &name);
            self.model.actuators.push(Actuator { name, kind: tag.to_owned(), joint, command, force });
        }
    }

    /// Joints that follow others: `joint1 = a + b * joint2`.
    fn equalities(&mut self, section: Node<'_, '_>) {
        for node in section.children().filter(|node| node.has_tag_name("joint")) {
            let (Some(follower), Some(leader)) = (node.attribute("joint1"), node.attribute("joint2")) else { continue };
            let coefficients = node.attribute("polycoef").and_then(numbers).unwrap_or_else(|| vec![0.0, 1.0]);
            let at = |place: usize, otherwise: f64| coefficients.get(place).copied().unwrap_or(otherwise);
            if coefficients.iter().skip(2).any(|coefficient| *coefficient != 0.0) {
                self.odd(format!(
                    "joint `{follower}` follows `{leader}` by a curve, of which the straight part is kept"
                ));
            }
            let mimic = Mimic { joint: leader.to_owned(), multiplier: at(1, 1.0), offset: at(0, 0.0) };
            match self.model.joints.iter_mut().find(|joint| joint.name == follower) {
                Some(joint) => joint.mimic = Some(mimic),
                None => self.odd(format!("joint `{follower}` follows another, and is not there")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"<mujoco model="hand"><include file="scene.xml"/>
        <default><joint range="-90 90"/><default class="finger"><joint axis="0 1 0" actuatorfrcrange="-3 2"/>
        <default class="tip"><joint range="0 45"/></default></default></default>
        <worldbody><body name="palm" pos="0 0 1" childclass="finger"><freejoint name="root"/>
            <inertial pos="0.1 0 0" mass="0.5" diaginertia="1 1 1"/>
            <frame pos="0 0 2" euler="0 0 90"><body name="f1" pos="1 0 0"><joint name="j1"/>
                <body name="t1"><joint name="j2" class="tip"/><joint name="s" type="slide" range="0 0.1"/>
                <joint name="spin" limited="false"/></body></body></frame></body></worldbody>
        <actuator><motor name="m" joint="j1" ctrlrange="-1 1" gear="10"/><position joint="j2" forcerange="-5 5"/></actuator>
        <equality><joint joint1="j2" joint2="j1" polycoef="0 0.5 0 0 0"/></equality></mujoco>"#;

    #[test]
    fn classes_are_inherited_and_angles_are_degrees() {
        let model = RobotModel::parse(TEXT).unwrap();
        let half = std::f64::consts::FRAC_PI_2;
        let joint = |name: &str| model.joint(name).unwrap();
        assert_eq!((joint("j1").lower, joint("j1").upper, joint("j1").effort), (Some(-half), Some(half), Some(3.0)));
        assert_eq!((joint("j1").axis, joint("j1").kind), (Some([0.0, 1.0, 0.0]), JointKind::Revolute));
        assert_eq!((joint("j2").lower, joint("j2").upper), (Some(0.0), Some(half / 2.0)));
        assert_eq!((joint("s").kind, joint("s").upper), (JointKind::Prismatic, Some(0.1)));
        assert_eq!((joint("spin").kind, joint("spin").upper), (JointKind::Continuous, None));
        assert_eq!((joint("root").kind, joint("root").parent.as_deref()), (JointKind::Floating, None));
        assert_eq!(joint("j2").mimic.as_ref().map(|mimic| (mimic.joint.as_str(), mimic.multiplier)), Some(("j1", 0.5)));
        let [x, y, z] = joint("j1").origin.position;
        assert!(x.abs() < 1e-12 && (y - 1.0).abs() < 1e-12 && z == 2.0, "the frame turns the body");
        let links: Vec<_> = model.links.iter().map(|link| (link.name.as_str(), link.parent.as_deref())).collect();
        assert_eq!(links, [("palm", None), ("f1", Some("palm")), ("t1", Some("f1"))]);
        assert_eq!(model.links[0].mass_kg, Some(0.5));
        assert_eq!(model.actuators[0].command, Some((-1.0, 1.0)));
        assert_eq!((model.actuators[1].kind.as_str(), model.actuators[1].force), ("position", Some((-5.0, 5.0))));
        let told: Vec<_> = model.notes.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(told, ["`scene.xml` is included, and not read"]);
    }

    #[test]
    fn radians_and_limits_that_are_not_automatic() {
        let text = r#"<mujoco><compiler angle="radian" autolimits="false"/><worldbody><body><joint name="a" range="-1 1"/>
            <joint name="b" range="-1 1" limited="true"/></body></worldbody></mujoco>"#;
        let model = RobotModel::parse(text).unwrap();
        assert_eq!((model.joints[0].upper, model.joints[1].upper), (None, Some(1.0)));
    }
}
