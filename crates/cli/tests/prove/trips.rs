//! Round trips that are proved.

use std::path::PathBuf;

use serde_json::Value;

use crate::made;
use crate::support::{Trip, bundled, differences, left_out, sample, trip};

/// Proves that an export holds all of its source.
fn whole(trip: &Trip) -> Value {
    let (code, report) = trip.prove(&trip.out, &[]);
    let (differences, left_out) = (differences(&report), left_out(&report));
    assert!(differences.is_empty() && left_out.is_empty(), "{differences:#?}\n{left_out:#?}");
    assert_eq!((code, &report["equal"]), (0, &true.into()));
    report
}

/// Proves that an export holds a part of its source, and gives what it leaves out.
fn part(trip: &Trip) -> (Value, Vec<String>) {
    let (code, report) = trip.prove(&trip.out, &["--subset"]);
    assert_eq!((code, &report["equal"]), (0, &true.into()), "{:#?}", differences(&report));
    let left_out = left_out(&report);
    assert!(!left_out.is_empty(), "nothing is left out");
    assert_eq!(trip.prove(&trip.out, &[]).0, 1, "what is left out is a difference");
    (report, left_out)
}

fn count(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap()
}

#[test]
fn lerobot_goes_to_both_forms_whole() {
    for target in ["lerobot-v3", "mcap"] {
        let report = whole(&trip(bundled("contact-lerobot-v21"), target, &[]));
        assert_eq!((count(&report, "numbers"), count(&report, "pictures")), (10_656, 1_332), "{target}");
        let equal = count(&report, "pictures_equal") + count(&report, "pictures_same_pixels");
        assert_eq!(equal, 1_332, "{target}");
    }
}

/// What forms of steps have no place for, and what they add of their own.
fn steps(source: PathBuf, target: &str) -> Value {
    let trip = trip(source, target, &[]);
    let (code, report) = trip.prove(&trip.out, &["--subset"]);
    assert_eq!((code, &report["equal"]), (0, &true.into()), "{target}: {:#?}", differences(&report));
    let forms = ["calibration", "names of the elements", "robot", "split", "type of the robot", "unit"];
    let rest: Vec<_> =
        left_out(&report).into_iter().filter(|line| !forms.iter().any(|form| line.starts_with(form))).collect();
    assert!(rest.is_empty(), "{target}: {rest:#?}");
    report
}

#[test]
fn lerobot_goes_to_the_older_form_and_to_forms_of_steps() {
    let report = whole(&trip(bundled("contact-lerobot-v21"), "lerobot-v2.1", &[]));
    assert_eq!((count(&report, "numbers"), count(&report, "pictures_equal")), (10_656, 1_332));
    for target in ["rlds", "robomimic"] {
        let report = steps(bundled("contact-lerobot-v21"), target);
        assert!(count(&report, "numbers") >= 10_656, "{target}");
        // Video becomes pictures of the same pixels.
        assert_eq!(count(&report, "pictures_same_pixels"), 1_332, "{target}");
    }
}

#[test]
fn real_recordings_of_hdf5_go_to_the_older_form_and_to_forms_of_steps() {
    others(&["robosuite-1.0.1/lift-panda"], |source| {
        for target in ["lerobot-v2.1", "rlds", "robomimic"] {
            assert_eq!(count(&steps(source.clone(), target), "numbers"), 18_952, "{target}");
        }
    });
}

#[test]
fn mcap_goes_to_mcap_but_for_what_a_vector_cannot_say() {
    let trip = trip(bundled("contact-cell.mcap"), "mcap", &[]);
    let (report, left_out) = part(&trip);
    assert_eq!(left_out, ["names of the elements of `/cell/status`", "stamps of stream `/cell/status`"]);
    assert!(count(&report, "numbers") > 500_000 && count(&report, "texts") > 50, "{report}");
    assert_eq!(count(&report, "pictures"), count(&report, "pictures_equal"));
    assert_eq!(report["episodes"][0]["paired_by"], "one by one");
}

/// What comes of a recording whose rows are taken by a rule that the export states.
fn by_rule(align: &str) {
    let trip = trip(bundled("contact-cell.mcap"), "lerobot-v3", &["--align", align]);
    let (code, report) = trip.prove(&trip.out, &["--subset"]);
    assert_eq!(code, 0, "{:#?}", differences(&report));
    assert_eq!(report["episodes"][2]["paired_by"], align);
    assert!(count(&report, "numbers") > 50_000, "{align}");
    assert!(count(&report, "pictures_equal") > 300 && report["psnr_least_db"].as_f64() > Some(30.0), "{align}");
    let left_out = left_out(&report);
    let told = |what: &str| left_out.iter().any(|line| line == what);
    assert!(told("stream `/rosout`") && told("samples of stream `/joint_states` that no row holds"), "{left_out:#?}");
}

#[test]
fn mcap_goes_to_rows_that_hold_the_latest() {
    by_rule("latest");
}

#[test]
fn mcap_goes_to_rows_that_lie_between() {
    by_rule("linear");
}

#[test]
fn recordings_by_other_writers_go_to_both_forms() {
    for (name, target, whole_of_it) in [
        ("deepen-grade/arm.mcap", "mcap", false),
        ("deepen-grade/arm.mcap", "lerobot-v3", false),
        ("kalanos/lerobot_v2_0_tiny", "mcap", true),
        ("kalanos/lerobot_v2_0_tiny", "lerobot-v3", false),
    ] {
        let trip = trip(bundled(name), target, &[]);
        if whole_of_it {
            whole(&trip);
        } else {
            part(&trip);
        }
    }
}

#[test]
fn tables_and_texts_go_to_both_forms_whole() {
    let dir = tempfile::TempDir::new().unwrap();
    let (replay, teleoperated) = (dir.path().join("replay.zarr"), dir.path().join("teleoperated"));
    made::replay_buffer(&replay);
    made::teleoperated(&teleoperated);
    for source in [replay, teleoperated] {
        for target in ["lerobot-v3", "mcap"] {
            let report = whole(&trip(source.clone(), target, &[]));
            assert!(count(&report, "numbers") > 0, "{}", source.display());
            assert_eq!(report["source"]["episodes"], 2);
        }
    }
}

fn others(names: &[&str], check: impl Fn(PathBuf)) {
    names.iter().filter_map(|name| sample(name)).for_each(check);
}

#[test]
fn real_recordings_of_hdf5_go_to_both_forms_whole() {
    others(&["robosuite-1.0.1/lift-panda", "robosuite-0.3.0/SawyerLift"], |source| {
        whole(&trip(source.clone(), "mcap", &[]));
        // One of them has 100 rows a second, of which an export takes half unless it is told to take all.
        whole(&trip(
            source.clone(),
            "lerobot-v3",
            if source.ends_with("SawyerLift") { &["--fps", "100"] } else { &[] },
        ));
    });
}

#[test]
fn real_recordings_of_rlds_go_to_both_forms() {
    others(&["octo-bridge-rlds/1.0.0"], |source| {
        for (target, numbers) in [("lerobot-v3", 133_250), ("mcap", 133_000)] {
            let (report, left_out) = part(&trip(source.clone(), target, &[]));
            // The sample has one of two splits.
            let split = |line: &&String| line.starts_with("what cannot be read: 1 of 1 files");
            // Neither form has a place for all that the mapping of these recordings knows.
            let facts = [
                "element `gripper gripper[position]`",
                "frame of",
                "names of the elements of `action`",
                "representation of",
            ];
            let known = |line: &&String| facts.iter().any(|fact| line.starts_with(fact));
            let rest: Vec<_> = left_out.iter().filter(|line| !split(line)).filter(|line| !known(line)).collect();
            assert!(rest.is_empty(), "{left_out:#?}");
            assert_eq!((count(&report, "numbers"), count(&report, "pictures")), (numbers, 750));
        }
    });
}

#[test]
fn real_recordings_of_mcap_and_bags_go_to_mcap() {
    others(&["robocodec/robocodec_test_3.mcap", "robocodec/robocodec_test_8.mcap"], |source| {
        let trip = trip(source, "mcap", &[]);
        let (code, report) = trip.prove(&trip.out, &["--subset"]);
        assert_eq!(code, 0, "{}: {:#?}", trip.source.display(), differences(&report));
    });
}
