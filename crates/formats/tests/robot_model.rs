//! Descriptions of robots: others' URDF, MuJoCo itself, and hostile texts.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read files by others, and say what they skipped"
)]

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use prairie_formats::robot_model::{JointKind, RobotModel, RobotModelError};
use serde_json::Value;

/// The folder of samples; `None`, and a line that says so, when it is not there.
fn samples(what: &str) -> Option<PathBuf> {
    let folder = env::var_os("PRAIRIE_SAMPLES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples")), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {what}, because there are no samples in {}", folder.display());
    None
}

fn find(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// A Python that can import a module; `None`, and a line that says so, where there is none.
fn python(module: &str) -> Option<std::ffi::OsString> {
    let python = env::var_os("PRAIRIE_PYTHON");
    let can = |python: &std::ffi::OsString| {
        let output = Command::new(python).args(["-c", &format!("import {module}")]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = python.filter(can);
    if found.is_none() {
        println!("skipped: PRAIRIE_PYTHON does not name a Python with {module}");
    }
    found
}

fn told(python: &std::ffi::OsString, script: &str, argument: &Path) -> Value {
    let script = format!("{}/tests/robot_model/{script}", env!("CARGO_MANIFEST_DIR"));
    // MuJoCo leaves a log where it is started.
    let output = Command::new(python).arg(script).arg(argument).current_dir(env::temp_dir()).output();
    let output = output.expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn robots_of_others_are_what_a_walk_over_their_xml_says() {
    let (Some(samples), Some(python)) = (samples("URDF by others"), python("xml")) else { return };
    let mut files = Vec::new();
    find(&samples.join("urdf"), "urdf", &mut files);
    assert!(!files.is_empty());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("text");
        let model = RobotModel::parse(&text).expect("a robot");
        let told = told(&python, "walk.py", &path);
        let joints = told["joints"].as_array().expect("joints");
        assert_eq!(model.joints.len(), joints.len(), "{}", path.display());
        assert_eq!(model.name.as_deref(), told["name"].as_str());
        for (ours, theirs) in model.joints.iter().zip(joints) {
            let name = |key: &str| theirs[key].as_str();
            let number = |key: &str| theirs[key].as_str().map(|text| text.parse::<f64>().expect("a number"));
            assert_eq!(Some(ours.name.as_str()), name("name"));
            assert_eq!((ours.parent.as_deref(), ours.child.as_deref()), (name("parent"), name("child")));
            assert_eq!(format!("{:?}", ours.kind).to_lowercase(), theirs["type"].as_str().expect("a type"));
            if matches!(ours.kind, JointKind::Revolute | JointKind::Prismatic) {
                assert_eq!((ours.lower, ours.upper), (number("lower"), number("upper")), "{}", ours.name);
            }
            assert_eq!((ours.velocity, ours.effort), (number("velocity"), number("effort")), "{}", ours.name);
        }
        let masses: Vec<Option<f64>> = model.links.iter().map(|link| link.mass_kg).collect();
        let theirs = told["masses"].as_array().expect("masses").iter();
        let theirs: Vec<Option<f64>> =
            theirs.map(|mass| mass.as_str().map(|it| it.parse().expect("a number"))).collect();
        assert_eq!(masses, theirs);
        println!("{}: {} joints, {} links, notes {:?}", path.display(), joints.len(), masses.len(), model.notes);
    }
}

/// Models that MuJoCo compiles: those of the packages `dm_control`, where they are.
#[test]
fn what_mujoco_compiles_has_the_same_joints() {
    let Some(python) = python("mujoco") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(&python, "compile.py", folder.path());
    let models = told.as_object().expect("models");
    assert!(!models.is_empty());
    for (file, theirs) in models {
        let text = std::fs::read_to_string(file).expect("text");
        let model = RobotModel::parse(&text).expect("a robot");
        let joints = theirs["joints"].as_array().expect("joints");
        assert_eq!(model.joints.len(), joints.len(), "{file}");
        for (ours, theirs) in model.joints.iter().zip(joints) {
            let close = |one: f64, other: &Value| (one - other.as_f64().expect("a number")).abs() < 1e-9;
            assert_eq!(ours.name.as_str(), theirs["name"].as_str().expect("a name"), "{file}");
            let kind = match ours.kind {
                JointKind::Floating => 0,
                JointKind::Ball => 1,
                JointKind::Prismatic => 2,
                JointKind::Revolute | JointKind::Continuous => 3,
                other => panic!("{other:?}"),
            };
            assert_eq!(Some(kind), theirs["type"].as_u64(), "{file} {}", ours.name);
            let limited = theirs["limited"].as_bool().expect("a truth");
            assert_eq!(ours.lower.is_some() && ours.upper.is_some(), limited, "{file} {}", ours.name);
            if let (Some(lower), Some(upper)) = (ours.lower, ours.upper) {
                assert!(
                    close(lower, &theirs["range"][0]) && close(upper, &theirs["range"][1]),
                    "{file} {ours:?} {theirs}"
                );
            }
            assert_eq!(ours.child.as_deref(), theirs["body"].as_str(), "{file} {}", ours.name);
            for at in 0..3 {
                assert!(close(ours.origin.position[at], &theirs["pos"][at]), "{file} {ours:?} {theirs}");
            }
            let [x, y, z, w] = ours.origin.orientation;
            let dot: f64 =
                [w, x, y, z].iter().enumerate().map(|(at, q)| q * theirs["quat"][at].as_f64().expect("q")).sum();
            assert!((dot.abs() - 1.0).abs() < 1e-9, "{file} {ours:?} {theirs}");
        }
        assert_eq!(model.actuators.len() as u64, theirs["actuators"].as_u64().expect("a count"), "{file}");
        println!("{file}: {} joints are alike, notes {:?}", joints.len(), model.notes.len());
    }
}

const ROBOT: &str = r#"<robot name="r"><link name="a"><inertial><origin xyz="1 2 3" rpy="0 0 1"/><mass value="2"/></inertial></link>
<link name="b"/><joint name="j" type="revolute"><origin xyz="0 0 1"/><parent link="a"/><child link="b"/>
<limit lower="-1" upper="1" effort="5" velocity="2"/><mimic joint="k" offset="0.5"/></joint></robot>"#;

#[test]
fn texts_cut_and_changed_anywhere() {
    let model = RobotModel::parse(ROBOT).expect("a robot");
    assert!(model.notes.is_empty(), "{:?}", model.notes);
    for cut in 0..ROBOT.len() {
        assert!(RobotModel::parse(&ROBOT[..cut]).is_err(), "{cut}");
    }
    for at in 0..ROBOT.len() {
        for letter in ["<", "\"", "0", "\u{0}", "&x;", "1e999"] {
            let changed = format!("{}{letter}{}", &ROBOT[..at], &ROBOT[at + 1..]);
            drop(RobotModel::parse(&changed));
        }
    }
}

#[test]
fn hostile_texts_are_refused_or_bounded() {
    let deep = format!("<mujoco><worldbody>{}{}</worldbody></mujoco>", "<body>".repeat(5_000), "</body>".repeat(5_000));
    let model = RobotModel::parse(&deep).expect("a robot");
    assert!(model.links.len() <= 300 && !model.notes.is_empty());
    let classes: BTreeMap<usize, String> =
        (0..2_000).map(|at| (at, format!("<default class=\"c{at}\"><joint a{at}=\"1\"/>"))).collect();
    let nested: String = classes.into_values().collect();
    let text = format!("<mujoco><default>{nested}{}</default></mujoco>", "</default>".repeat(2_000));
    assert!(!RobotModel::parse(&text).expect("a robot").notes.is_empty());
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><robot>&b;</robot>";
    assert!(matches!(RobotModel::parse(bomb), Err(RobotModelError::NotXml { .. })));
    assert_eq!(RobotModel::parse("<sdf/>"), Err(RobotModelError::NotARobot { root: "sdf".to_owned() }));
    let many = format!("<robot>{}</robot>", "<link/>".repeat(600_000));
    assert!(matches!(RobotModel::parse(&many), Err(RobotModelError::NotXml { .. })));
}
