//! One episode under all checks.

use std::collections::BTreeMap;

use prairie_model::{
    CheckResult, Decision, Dimension, DimensionState, EpisodeDraft, Finding, FrameError, Nanos, Note, Picture,
    StreamBatch, StreamKind, TimeSpan,
};

use crate::CHECKS;
use crate::check::{BatchView, Check, Context, Family, FrameView, Run, Settings};
use crate::checks::{EMPTY, NEAR};
use crate::decide::{decide, dimensions};
use crate::facts::Facts;
use crate::outcome::Outcome;
use crate::pictures::Pictures;
use crate::profile::{Required, glob};
use crate::sameness::{Sameness, SamenessDigest};
use crate::scene::Scene;

/// One check at work, with other settings in some phases.
struct Running {
    check: &'static Check,
    settings: Settings,
    run: Box<dyn Run>,
    /// Pattern of the segments' names, and the same check under that phase's settings.
    phases: Vec<(String, Settings, Box<dyn Run>)>,
}

/// One episode under all checks of a profile.
pub struct Examination {
    required: Required,
    running: Vec<Running>,
    ignored: Vec<&'static Check>,
    scene: Scene,
    pictures: Pictures,
}

/// What the checks came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// Every finding, in the order of [`Finding::sort`].
    pub findings: Vec<Finding>,
    /// What each check came to, in the order of codes.
    pub checks: Vec<CheckResult>,
    /// The dimensions.
    pub dimensions: BTreeMap<Dimension, DimensionState>,
    /// Repairs that would cure what failed, in the order of their application.
    pub repairs: Vec<String>,
    /// The decision.
    pub decision: Decision,
    /// By which the episode is known again.
    pub digest: SamenessDigest,
}

impl Examination {
    /// Starts all checks that `profile` does not ignore. `robot` is the robot or its type.
    pub fn new(profile: &crate::Profile, task: Option<&str>, robot: Option<&str>) -> Self {
        let (mut running, mut ignored) = (Vec::new(), Vec::new());
        for &check in CHECKS {
            if profile.ignore.iter().any(|code| code == check.doc.code) {
                ignored.push(check);
                continue;
            }
            let settings = profile.settings(check, task, robot);
            let phases = profile.phases(check, task, robot).into_iter();
            let phases = phases
                .map(|(phase, settings)| {
                    let run = (check.start)(&settings);
                    (phase, settings, run)
                })
                .collect();
            let run = (check.start)(&settings);
            running.push(Running { check, settings, run, phases });
        }
        Self {
            required: profile.required.clone(),
            running,
            ignored,
            scene: Scene::default(),
            pictures: Pictures::default(),
        }
    }

    /// The next samples of one stream of the episode.
    pub fn batch(&mut self, batch: &StreamBatch) {
        if batch.is_empty() {
            return;
        }
        let view = BatchView::new(batch);
        self.scene.observe(&view);
        for running in &mut self.running {
            running.run.batch(&view);
            for (_, _, run) in &mut running.phases {
                run.batch(&view);
            }
        }
    }

    /// The next picture of one stream of the episode, in the order of time.
    pub fn frame(&mut self, stream: &str, t: Nanos, frame: &Result<Picture, FrameError>) {
        let stats = frame.as_ref().ok().map(|picture| self.pictures.look(stream, picture));
        let view = FrameView { stream, t, frame, stats };
        for running in &mut self.running {
            running.run.frame(&view);
            for (_, _, run) in &mut running.phases {
                run.frame(&view);
            }
        }
    }

    /// By which the episode is looked for among earlier ones, under the settings of the check that compares them.
    pub fn sameness(&self) -> Sameness {
        let near = self.running.iter().find(|running| running.check.doc.code == NEAR.doc.code);
        let limit = |key| near.map_or(0.0, |near| near.settings.limit(key));
        Sameness {
            digest: SamenessDigest::of(&self.scene),
            distance_min: limit("distance_min"),
            duration_share_max: limit("duration_share_max"),
        }
    }

    /// No more comes: every check judges, and their judgements are weighed.
    pub fn finish(mut self, facts: &Facts<'_>) -> Examined {
        self.scene.settle(&facts.episode.streams);
        let context = Context { facts, scene: &self.scene };
        let (mut findings, mut checks, mut repairs) = (Vec::new(), Vec::new(), Vec::new());
        let mut outcomes: Vec<(&'static Check, Outcome)> =
            self.running.into_iter().map(|running| (running.check, running.finish(&context))).collect();
        keep_a_camera(&mut outcomes, facts);
        for (check, outcome) in outcomes {
            let code = check.doc.code.to_owned();
            checks.push(CheckResult { code, state: outcome.state(), reason: outcome.reason() });
            repairs.extend(outcome.cures().map(str::to_owned));
            findings.extend(outcome.findings.into_iter().map(|(finding, _)| finding));
        }
        checks.extend(self.ignored.iter().map(|check| CheckResult {
            code: check.doc.code.to_owned(),
            state: DimensionState::NotApplicable,
            reason: Some("the profile ignores it".to_owned()),
        }));
        checks.sort_by(|one, other| one.code.cmp(&other.code));
        Finding::sort(&mut findings);
        let dimensions = dimensions(&checks);
        let decision = decide(&dimensions, &checks, &self.required);
        let repairs = in_order(repairs);
        Examined { findings, checks, dimensions, repairs, decision, digest: SamenessDigest::of(&self.scene) }
    }
}

/// The findings about a recording that no episode carries: what the checks of the container say of `notes`.
///
/// A note that names an episode is of one that never came, and where `episodes` is false none came at all: then what is missing
/// is missing altogether, and as bad as it would be for an episode of its own.
pub fn about_recording(profile: &crate::Profile, notes: &[Note], episodes: bool) -> Vec<Finding> {
    let (mut of_episode, mut of_recording) = (Vec::new(), Vec::new());
    for note in notes {
        let is_own = note.episode.is_some() || !episodes;
        if is_own { &mut of_episode } else { &mut of_recording }.push(note.clone().episode(None));
    }
    let nothing = EpisodeDraft { notes: of_episode, ..EpisodeDraft::default() };
    let facts = Facts { recording_notes: &of_recording, ..Facts::new(&nothing) };
    let context = Context { facts: &facts, scene: &Scene::default() };
    let mut findings = Vec::new();
    for &check in CHECKS.iter().filter(|check| check.doc.family == Family::Fmt && check.doc.code != EMPTY.doc.code) {
        if profile.ignore.iter().any(|code| code == check.doc.code) {
            continue;
        }
        let settings = profile.settings(check, None, None);
        let mut outcome = Outcome::new(&settings);
        (check.start)(&settings).finish(&context, &mut outcome);
        findings.extend(outcome.findings.into_iter().map(|(finding, _)| finding));
    }
    Finding::sort(&mut findings);
    findings
}

/// Each camera alone may be dropped while there is another. Where the cures together would drop them all, nothing is cured.
fn keep_a_camera(outcomes: &mut [(&'static Check, Outcome)], facts: &Facts<'_>) {
    let drops: Vec<String> = outcomes
        .iter()
        .flat_map(|(_, outcome)| outcome.cures())
        .filter(|cure| is_drop(cure))
        .map(str::to_owned)
        .collect();
    let dropped = |name: &str| drops.iter().any(|drop| drop.strip_prefix(DROP) == Some(name));
    let mut cameras =
        facts.episode.streams.iter().filter(|stream| stream.kind.is_some_and(StreamKind::is_picture)).peekable();
    if cameras.peek().is_some() && cameras.all(|camera| dropped(&camera.name)) {
        for (_, outcome) in outcomes {
            outcome.findings.iter_mut().for_each(|(_, cure)| *cure = cure.take().filter(|cure| !is_drop(cure)));
        }
    }
}

/// How the repair that leaves out a stream begins.
const DROP: &str = "drop_stream:";

fn is_drop(cure: &str) -> bool {
    cure.starts_with(DROP)
}

/// Streams are dropped first and stamps moved next, since both may change where the idle ends are.
fn in_order(mut repairs: Vec<String>) -> Vec<String> {
    let rank = |repair: &str| match repair.split(':').next() {
        Some("drop_stream") => 0,
        Some("restamp") => 1,
        _ => 2,
    };
    repairs.sort_by(|one, other| (rank(one), one).cmp(&(rank(other), other)));
    repairs.dedup();
    repairs
}

impl Running {
    /// Judges. In a phase with its own settings, those decide which of the findings that lie in it count.
    fn finish(self, context: &Context<'_>) -> Outcome {
        let mut outcome = Outcome::new(&self.settings);
        self.run.finish(context, &mut outcome);
        for (pattern, settings, run) in self.phases {
            let spans: Vec<TimeSpan> = context
                .facts
                .episode
                .segments
                .iter()
                .filter(|segment| glob(&pattern, &segment.name))
                .map(|segment| segment.span)
                .collect();
            let inside = |finding: &Finding| {
                finding.span.is_some_and(|span| spans.iter().any(|s| s.contains(span.start) && s.contains(span.end)))
            };
            let mut of_phase = Outcome::new(&settings);
            run.finish(context, &mut of_phase);
            outcome.findings.retain(|(finding, _)| !inside(finding));
            outcome.findings.extend(of_phase.findings.into_iter().filter(|(finding, _)| inside(finding)));
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;
    use crate::testing::Spec;

    /// Two gaps of 0.31 s, of which the second lies in the phase `grasp`.
    fn two_gaps() -> Spec {
        Spec::parse(
            r#"{"about": "two gaps", "streams": [{"name": "/joints", "kind": "joint_state", "stream": {"names": ["a"]},
            "t": {"rate_hz": 100, "n": 4000, "skip": [[400, 430], [1400, 1430]]}, "columns": {"position": [{"sine": {}}]}}],
            "segments": [{"label": "skill", "name": "grasp the nut", "span_s": [13, 16]}]}"#,
        )
    }

    fn gaps(profile: &str) -> Vec<(Option<f64>, Option<f64>)> {
        let examined = two_gaps().examine(&Profile::parse(profile).unwrap());
        let gaps = examined.findings.iter().filter(|finding| finding.code == "TIM003");
        gaps.map(|finding| (finding.measured, finding.limit)).collect()
    }

    #[test]
    fn a_phase_has_its_own_limits() {
        let strict = "[[override]]\nphase = \"grasp*\"\n[override.checks.TIM003]\ngap_max_s = 0.05";
        let lax = "[[override]]\nphase = \"grasp*\"\n[override.checks.TIM003]\ngap_max_s = 1.0";
        let elsewhere = "[[override]]\nphase = \"lift\"\n[override.checks.TIM003]\ngap_max_s = 1.0";
        let base = |limit: f64, phase: &str| format!("name = \"p\"\n[checks.TIM003]\ngap_max_s = {limit}\n{phase}");
        assert_eq!(gaps(&base(0.1, "")).len(), 2);
        assert_eq!(gaps(&base(1.0, strict)), [(Some(0.31), Some(0.05))]);
        assert_eq!(gaps(&base(0.1, lax)), [(Some(0.31), Some(0.1))]);
        assert_eq!(gaps(&base(0.1, elsewhere)).len(), 2);
    }

    #[test]
    fn a_profile_decides_what_an_error_is_and_what_counts() {
        let examine = |profile: &str| two_gaps().examine(&Profile::parse(profile).unwrap());
        assert_eq!(examine("name = \"p\"").decision, Decision::Reject);
        assert_eq!(examine("name = \"p\"\n[checks.TIM003]\nseverity = \"warning\"").decision, Decision::Accept);
        let ignored = examine("name = \"p\"\nignore = [\"TIM003\"]");
        assert_eq!(ignored.decision, Decision::Accept);
        let result = ignored.checks.iter().find(|result| result.code == "TIM003").unwrap();
        assert_eq!(
            (result.state, result.reason.as_deref()),
            (DimensionState::NotApplicable, Some("the profile ignores it"))
        );
        assert_eq!(examine("name = \"p\"\nrequired.dimensions = [\"security\"]").decision, Decision::Unknown);
        assert_eq!(examine("name = \"p\"\nrequired.dimensions = [\"usability\"]").decision, Decision::Accept);
    }

    #[test]
    fn what_no_episode_carries_is_told_of_the_recording() {
        use prairie_model::{NoteKind, Severity};
        let cut = Note::new(NoteKind::Truncated, "the footer is missing").at("a.parquet", 1000).episode(Some(3));
        let gone = Note::new(NoteKind::FileMissing, "two files are not there");
        let told = |profile: &str, episodes: bool| -> Vec<(String, Severity, Option<u64>)> {
            let notes = [cut.clone(), gone.clone()];
            let findings = about_recording(&Profile::parse(profile).unwrap(), &notes, episodes);
            findings.into_iter().map(|finding| (finding.code, finding.severity, finding.offset)).collect()
        };
        let expected = |gone: Severity| {
            vec![("FMT001".to_owned(), Severity::Error, Some(1000)), ("FMT009".to_owned(), gone, None)]
        };
        assert_eq!(told("name = \"p\"", true), expected(Severity::Warning));
        assert_eq!(told("name = \"p\"", false), expected(Severity::Error));
        assert_eq!(told("name = \"p\"\nignore = [\"FMT001\"]", true).len(), 1);
    }

    #[test]
    fn repairs_are_in_the_order_of_their_application() {
        let repairs = ["trim_idle:0:1", "drop_stream:/b", "restamp:/a:5", "drop_stream:/b", "drop_stream:/a"];
        let ordered = in_order(repairs.map(str::to_owned).to_vec());
        assert_eq!(ordered, ["drop_stream:/a", "drop_stream:/b", "restamp:/a:5", "trim_idle:0:1"]);
    }

    #[test]
    fn the_last_camera_is_not_dropped_with_the_others() {
        let camera = |name: &str| format!(r#"{{"name": "{name}", "kind": "image", "t": {{"rate_hz": 30, "n": 100}}}}"#);
        let spec = format!(
            r#"{{"about": "both cameras die", "streams": [{{"name": "/joints", "kind": "joint_state",
            "t": {{"rate_hz": 100, "n": 1000}}, "columns": {{"position": [{{"sine": {{}}}}]}}}},
            {{"name": "/more", "kind": "joint_state", "t": {{"rate_hz": 100, "n": 1000}},
            "columns": {{"position": [{{"sine": {{}}}}]}}}}, {{"name": "/third", "kind": "joint_state",
            "t": {{"rate_hz": 100, "n": 1000}}, "columns": {{"position": [{{"sine": {{}}}}]}}}}, {}, {}]}}"#,
            camera("/a"),
            camera("/b")
        );
        let examined = Spec::parse(&spec).examine(&Profile::default());
        assert!(examined.findings.iter().filter(|finding| finding.code == "TIM008").count() == 2);
        assert_eq!((examined.decision, examined.repairs.len()), (Decision::Reject, 0));
    }

    #[test]
    fn a_dropped_camera_is_no_longer_missed() {
        let spec = |repairs: &str| {
            Spec::parse(&format!(
                r#"{{"about": "a video is missing", "streams": [{{"name": "/joints", "kind": "joint_state",
                "stream": {{"names": ["a"]}}, "t": {{"rate_hz": 100, "n": 400}}, "columns": {{"position": [{{"sine": {{}}}}]}}}}],
                "notes": [{{"kind": "file_missing", "stream": "/head", "text": "its video is not there"}}],
                "repairs": [{repairs}]}}"#
            ))
        };
        let broken = spec("").examine(&Profile::default());
        assert_eq!((broken.decision, &broken.repairs[..]), (Decision::Repair, &["drop_stream:/head".to_owned()][..]));
        assert_eq!(spec("\"drop_stream:/head\"").examine(&Profile::default()).decision, Decision::Accept);
    }
}
