//! `report check`: the way back from a report to what it was made from.
//!
//! 1. The signature: one of the trusted keys signed exactly this verdict.
//! 2. The ledger: the verdict is a leaf of a log whose checkpoint one of those keys signed, and its protocol an earlier one.
//! 3. The page: its sentences and plots are those that the verdict gives.
//! 4. The logs: their bytes are those that were imported.
//! 5. The numbers: the same logs by the same protocol give the same verdict, to the last digit.
//!
//! The first of them that does not match is named.

use std::path::{Path, PathBuf};

use prairie_ledger::{Envelope, NoteKey, VERDICT_TYPE};
use prairie_model::{ObjectId, RecordingId, canonical_json};
use prairie_store::{ObjectSource, StoredFile, hash_file, object_key};
use prairie_verify::protocol::Frozen;
use prairie_verify::verdict::{Decision, Verdict};
use serde::Serialize;
use serde_json::Value;

use super::ledger::note_keys;
use super::protocol::frozen_from;
use super::receipt::{SignatureCheck, signatures};
use super::station_log::MAPPING_NAME;
use crate::error::{EngineError, chain};
use crate::progress::Progress;
use crate::{Config, Engine};

/// What a check of a report came to.
#[derive(Debug, Clone, Serialize)]
pub struct ReportCheck {
    /// The scenario.
    pub scenario: String,
    /// The gate.
    pub gate: String,
    /// The decision.
    pub decision: Decision,
    /// Every signature.
    pub signatures: Vec<SignatureCheck>,
    /// The leaf in the ledger; `None` where it is not shown to be there.
    pub leaf: Option<u64>,
    /// Why it is not shown to be in the ledger; `None` where it is.
    pub ledger: Option<String>,
    /// How the page differs from the one that its verdict gives; `None` where it does not, or the report is no page.
    pub page: Option<String>,
    /// The first log or protocol that is not the one that the verdict names; `None` where all are, or there were no data.
    pub data: Option<String>,
    /// What differs between the report and what the data give; `None` when there were no data, or they are others.
    pub recomputed: Option<Vec<String>>,
    /// The first thing that does not match, in words; `None` where the report holds.
    pub refused: Option<String>,
}

impl ReportCheck {
    /// Whether at least one trusted signature verifies, none is broken, the ledger has it, and nothing differs.
    pub fn holds(&self) -> bool {
        self.refused.is_none()
    }

    /// Finds the first thing that does not match.
    fn conclude(mut self) -> Self {
        let broken = self.signatures.iter().find(|signature| !signature.verified && signature.trusted);
        let signature = match broken {
            Some(signature) => {
                Some(format!("the signature of key {} is forged, or the verdict was edited", signature.key_id))
            }
            None if self.signatures.iter().any(|signature| signature.verified) => None,
            None => Some("no trusted key signed it".to_owned()),
        };
        let first = signature
            .map(|what| format!("signature: {what}"))
            .or_else(|| self.ledger.as_ref().map(|what| format!("ledger: {what}")))
            .or_else(|| self.page.as_ref().map(|what| format!("page: {what}")))
            .or_else(|| self.data.as_ref().map(|what| format!("data: {what}")));
        let number = || self.recomputed.as_ref()?.first().map(|what| format!("numbers: {what}"));
        self.refused = first.or_else(number);
        self
    }
}

/// A report that was opened.
struct Opened {
    verdict: Verdict,
    envelope: Envelope,
    check: ReportCheck,
}

impl Engine {
    /// Checks a report; with the store's data it computes every number again. Without `keys` the store's own key is trusted.
    ///
    /// # Errors
    ///
    /// When the text is no report.
    pub fn check_report(
        &self,
        text: &str,
        keys: &[String],
        progress: &dyn Progress,
    ) -> Result<ReportCheck, EngineError> {
        let own = if keys.is_empty() { vec![self.public_key()?] } else { Vec::new() };
        let Opened { verdict, envelope, mut check } = open_report(text, if keys.is_empty() { &own } else { keys })?;
        let protocol = match self.frozen_document(verdict.protocol)? {
            Some(document) => Some(document),
            None => envelope.protocol,
        };
        let frozen = match protocol.as_ref().map(|document| frozen_from(document, verdict.protocol)) {
            Some(Ok(frozen)) => frozen,
            Some(Err(why)) => return Ok(check.with_data(format!("the protocol was edited: {why}"))),
            None => {
                return Ok(check.with_data(format!("protocol {} is neither here nor in the report", verdict.protocol)));
            }
        };
        if let Some(edited) = self.first_edited(&verdict)? {
            return Ok(check.with_data(edited));
        }
        check.recomputed = Some(self.compare(&verdict, &frozen, progress)?);
        Ok(check.conclude())
    }

    /// Computes the verdict again, and names every number that differs.
    fn compare(&self, verdict: &Verdict, frozen: &Frozen, progress: &dyn Progress) -> Result<Vec<String>, EngineError> {
        let again = match self.judge(frozen, Some(&verdict.provenance.logs), progress) {
            Ok(again) => again,
            Err(EngineError::Refused(why)) => return Ok(vec![format!("these data give no verdict: {why}")]),
            Err(error) => return Err(error),
        };
        // Both in the canonical form, in which floats have twelve digits.
        let json = |verdict: &Verdict| {
            let text = canonical_json(verdict).map_err(|error| EngineError::Bug(error.to_string()))?;
            serde_json::from_str::<Value>(&text).map_err(|error| EngineError::Bug(error.to_string()))
        };
        let mut differences = Vec::new();
        differ("", &json(verdict)?, &json(&again)?, &mut differences);
        Ok(differences)
    }

    /// The first log of the verdict that was erased, is not here, or whose bytes are not those that were imported.
    fn first_edited(&self, verdict: &Verdict) -> Result<Option<String>, EngineError> {
        let reports = self.station_logs()?;
        if let Some((log, reason)) = self.first_erased(&verdict.provenance.logs)? {
            return Ok(Some(format!("log `{log}` was erased from this store ({reason})")));
        }
        for log in &verdict.provenance.logs {
            let Some(report) = reports.iter().find(|report| report.id == *log) else {
                let here: Vec<&str> = reports.iter().map(|report| report.id.as_str()).collect();
                let here = if here.is_empty() { "no log".to_owned() } else { format!("`{}`", here.join("`, `")) };
                return Ok(Some(format!(
                    "log `{log}` was edited after its import, or is not here: the data hold {here}"
                )));
            };
            if let Some(path) = self.first_changed_file(report.recording)? {
                return Ok(Some(format!("file `{path}` of log `{log}` was edited after its import")));
            }
        }
        Ok(None)
    }

    /// The first file of a recording whose stored bytes do not have its hash.
    fn first_changed_file(&self, recording: RecordingId) -> Result<Option<String>, EngineError> {
        let Some(stored) = self.recording(recording)? else { return Ok(Some(recording.to_string())) };
        for file in stored.row.files {
            let key = object_key(file.object);
            let here = StoredFile { path: file.path.clone(), key, size: file.size };
            let source = ObjectSource::new(self.shared_objects(), vec![here]);
            let found: Option<(ObjectId, u64)> = hash_file(&source, 0, &|_| {}).ok();
            if found != Some((file.object, file.size)) {
                return Ok(Some(file.path));
            }
        }
        Ok(None)
    }
}

impl ReportCheck {
    fn with_data(mut self, what: String) -> Self {
        self.data = Some(what);
        self.conclude()
    }
}

/// Checks a report offline against the public keys in `keys`.
///
/// # Errors
///
/// When the text is no report, or a key is no key.
pub fn check_report(text: &str, keys: &[String]) -> Result<ReportCheck, EngineError> {
    Ok(open_report(text, keys)?.check.conclude())
}

/// Checks a report, and computes every number again from the station logs in a folder, without the store that made it.
///
/// # Errors
///
/// When the text is no report, a key is no key, or the logs cannot be read.
pub fn check_report_with_logs(
    text: &str,
    keys: &[String],
    folder: &Path,
    progress: &dyn Progress,
) -> Result<ReportCheck, EngineError> {
    let logs = log_folders(folder)?;
    if logs.is_empty() {
        return Err(EngineError::invalid(
            format!("`{}`", folder.display()),
            format!("it is no store, and holds no log: neither it nor a folder in it has a `{MAPPING_NAME}`"),
        ));
    }
    let scratch = Scratch::new()?;
    let engine = Engine::create(&Config::at(scratch.0.clone()))?;
    for log in &logs {
        engine.import_log(log, None, progress)?;
    }
    engine.check_report(text, keys, progress)
}

/// The folder itself, or the folders in it, that hold a log.
#[expect(clippy::disallowed_methods, reason = "the folder is the user's, outside the store")]
fn log_folders(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    if folder.join(MAPPING_NAME).is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let failed = |source| EngineError::File { action: "read", path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.join(MAPPING_NAME).is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A store of its own for one check, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    #[expect(clippy::disallowed_methods, reason = "a folder for the time of one check, outside of any store")]
    fn new() -> Result<Self, EngineError> {
        let name = format!("prairie-check-{}-{}", std::process::id(), super::receipt::now().0);
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|source| EngineError::File {
            action: "make",
            path: path.clone(),
            source,
        })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    #[expect(clippy::disallowed_methods, reason = "see Scratch::new")]
    fn drop(&mut self) {
        // OK to ignore: what is left lies in the system's folder for such things.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn open_report(text: &str, keys: &[String]) -> Result<Opened, EngineError> {
    let inner = crate::page::envelope_of(text);
    let envelope = Envelope::from_json(inner.unwrap_or(text))
        .map_err(|error| EngineError::invalid("the report", chain(&error)))?;
    let payload = envelope.payload_of_type(VERDICT_TYPE).map_err(|error| EngineError::invalid("the report", error))?;
    let verdict: Verdict =
        serde_json::from_slice(payload).map_err(|error| EngineError::invalid("the report's payload", error))?;
    let trusted = note_keys(keys)?;
    let public: Vec<String> = trusted.iter().map(|trusted| trusted.key().to_pem()).collect();
    let place = envelope.check_place(&trusted);
    let protocol = match &envelope.protocol {
        Some(document) => frozen_from(document, verdict.protocol)
            .err()
            .map(|why| format!("the protocol in the report was edited: {why}")),
        None => Some("the report does not hold the protocol that it was made by".to_owned()),
    };
    let frozen = frozen_before(&envelope, &verdict, &trusted);
    let check = ReportCheck {
        scenario: verdict.scenario.clone(),
        gate: verdict.gate.clone(),
        decision: verdict.decision,
        signatures: signatures(&envelope, &public)?,
        leaf: place.as_ref().ok().and(envelope.ledger.as_ref()).map(|place| place.seq),
        ledger: place.err().map(|error| chain(&error)).or(frozen),
        page: inner.map(|inner| page_differs(text, inner)).transpose()?.flatten(),
        data: protocol,
        recomputed: None,
        refused: None,
    };
    Ok(Opened { verdict, envelope, check })
}

/// Why the protocol is not shown to have been in the ledger before the verdict; `None` where it is.
fn frozen_before(envelope: &Envelope, verdict: &Verdict, keys: &[NoteKey]) -> Option<String> {
    let (Some(protocol), Some(own)) = (&envelope.protocol_ledger, &envelope.ledger) else {
        return Some("the report does not show that its protocol is in the ledger".to_owned());
    };
    match protocol.check("protocol", verdict.protocol, keys) {
        Err(error) => Some(format!("the protocol: {}", chain(&error))),
        Ok(_) if protocol.seq >= own.seq => {
            Some(format!("the protocol is leaf {}, and its verdict leaf {}", protocol.seq, own.seq))
        }
        Ok(_) => None,
    }
}

/// The first line at which a page differs from the one that its envelope gives.
fn page_differs(page: &str, envelope: &str) -> Result<Option<String>, EngineError> {
    let made = crate::page::report_page(envelope, crate::page::language_of(page))?;
    if page == made {
        return Ok(None);
    }
    let place = page.lines().zip(made.lines()).position(|(one, other)| one != other);
    let line = place.map_or_else(|| made.lines().count().min(page.lines().count()) + 1, |place| place + 1);
    Ok(Some(format!(
        "line {line} is not what the signed verdict gives: the page was edited, or made by another version"
    )))
}

/// Names every place at which two values differ.
fn differ(place: &str, stated: &Value, computed: &Value, differences: &mut Vec<String>) {
    let inner = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match (stated, computed) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, stated) in one {
                differ(&inner(name), stated, other.get(name).unwrap_or(&Value::Null), differences);
            }
            for (name, computed) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                differ(&inner(name), &Value::Null, computed, differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (stated, computed)) in one.iter().zip(other).enumerate() {
                differ(&inner(&at.to_string()), stated, computed, differences);
            }
        }
        _ if stated == computed => {}
        _ => {
            let short = |value: &Value| value.to_string().chars().take(80).collect::<String>();
            differences.push(format!(
                "`{place}` is {} in the report, and {} by the data",
                short(stated),
                short(computed)
            ));
        }
    }
}
