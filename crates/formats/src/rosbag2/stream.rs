//! Reads the messages, file after file, in the order of their ids.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use prairie_model::{Compression, Note, NoteKind, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use super::layout::{FileLayout, Layout, failed};
use super::metadata::NAME;
use super::table::{Messages, Row};
use crate::FormatError;
use crate::messages::{Delivery, Halt, Identity, Inflater, Times, is_damage};
use crate::sqlite::{Database, Fault, VALUE_MAX, ZSTD_MAGIC};

struct Reading<'a> {
    out: Delivery<'a>,
    inflater: Inflater,
    /// Whether the description says that each message is compressed.
    squeezed: bool,
    messages: u64,
    /// Messages per channel.
    counts: BTreeMap<u32, u64>,
    /// Messages without a time.
    timeless: u64,
}

/// Reads the recording that `plan` describes.
pub(super) fn read(
    source: &dyn Source,
    plan: &RecordingPlan,
    options: &ReadOptions,
    sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
) -> Result<ReadSummary, FormatError> {
    let Layout { files, registry, said, notes, incomplete, .. } = Layout::load(source, options.inline)?;
    let mut out = Delivery::new(registry, plan, options, sink)?;
    out.damaged = incomplete || notes.iter().any(|note| is_damage(note.kind));
    out.losing = out.damaged;
    let squeezed = said.word("compression_mode").is_some_and(|mode| mode.eq_ignore_ascii_case("message"));
    let (inflater, counts) = (Inflater::default(), BTreeMap::new());
    let mut reading = Reading { out, inflater, squeezed, messages: 0, counts, timeless: 0 };
    let mut halt = None;
    for file in files {
        let path = file.path.clone();
        if let Err(why) = reading.file(source, file).map_err(|halt| halt.in_file(&path)) {
            halt = Some(why);
            break;
        }
    }
    let halt = halt
        .or_else(|| reading.compare(said.messages, &said.topics).err())
        .or_else(|| reading.out.finish(source).err());
    reading.out.summary(halt)
}

impl Reading<'_> {
    fn file(&mut self, source: &dyn Source, layout: FileLayout) -> Result<(), Halt> {
        let FileLayout { file, path, mut topics } = layout;
        let mut database = Database::open(source, file).map_err(|fault| Halt::Error(failed(&path, fault)))?;
        database.prepare().map_err(|fault| Halt::Error(failed(&path, fault)))?;
        // OK to cast: a source has far fewer files than u32 counts.
        let file = file as u32;
        // A database without messages was told by the layout.
        let Some(mut messages) = Messages::new(database) else { return Ok(()) };
        while let Some(row) = messages.next() {
            match row.and_then(|row| self.message(&mut messages, &mut topics, (file, &path), &row)) {
                Ok(done) => done?,
                Err(Fault::Io(error)) => return Err(Halt::io(error)),
                Err(fault) => {
                    let text = format!("messages cannot be read: {fault}");
                    self.out.took(Note::new(NoteKind::Corrupt, text).in_file(&path), None)?;
                }
            }
        }
        if let Some(why) = messages.database.pager.broken() {
            let text = format!("the file could not be decompressed to its end: {why}");
            self.out.wait(Note::new(NoteKind::Truncated, text).in_file(&path));
        }
        Ok(())
    }

    /// Delivers a row. The outer error is damage of the database.
    fn message(
        &mut self,
        messages: &mut Messages<'_>,
        topics: &mut BTreeMap<i64, u32>,
        (file, path): (u32, &str),
        row: &Row,
    ) -> Result<Result<(), Halt>, Fault> {
        let id = match topics.get(&row.topic_id) {
            Some(&id) => id,
            None => match self.orphan(topics, path, row) {
                Ok(Some(id)) => id,
                Ok(None) => return Ok(Ok(())),
                Err(halt) => return Ok(Err(halt)),
            },
        };
        // Negative times are no times, and stand at zero.
        let log = u64::try_from(row.timestamp).unwrap_or(0);
        if !self.out.wants(id) {
            return Ok(Ok(()));
        }
        let (place, data) = (Messages::place(row, false), messages.data(row)?);
        let is_cdr =
            self.out.channel(id).is_some_and(|channel| channel.encoding == prairie_model::MessageEncoding::Cdr);
        // No message in CDR begins with the magic of zstd, so that a bag which lost its description is read as well.
        let zstd = !data.is_empty() && (self.squeezed || is_cdr) && data.starts_with(&ZSTD_MAGIC);
        self.timeless += u64::from(row.timestamp <= 0);
        self.messages += 1;
        *self.counts.entry(id).or_default() += 1;
        // OK to cast: a time that was one before.
        if let Err(halt) = self.out.passes(log as i64) {
            return Ok(Err(halt));
        }
        let times = Times { log, publish: None };
        if !zstd {
            return Ok(self.out.push(id, times, data, place, row.offset()));
        }
        if let Err(why) = inflate(&mut self.inflater, data) {
            let why = format!("it does not decompress: {why}");
            self.out.spoil(id, log as i64, &why, (file, row.offset()));
            return Ok(Ok(()));
        }
        let place = Messages::place(row, true);
        let bytes = self.inflater.bytes();
        let place = prairie_model::BlobRef { length: bytes.len() as u64, ..place };
        Ok(self.out.push(id, times, bytes, place, row.offset()))
    }

    /// A channel for messages whose topic is not there.
    fn orphan(&mut self, topics: &mut BTreeMap<i64, u32>, path: &str, row: &Row) -> Result<Option<u32>, Halt> {
        let number = row.topic_id;
        let text = format!("a message names topic {number}, which the database does not have");
        self.out.wait(Note::new(NoteKind::Corrupt, text).at(path, row.offset()));
        let identity = Identity { topic: format!("topic {number}"), ..Identity::orphan(number as u32) };
        let Some((id, _)) = self.out.registry.bind(0, identity) else { return Ok(None) };
        topics.insert(number, id);
        self.out.announce()?;
        Ok(Some(id))
    }

    /// Compares what was read with what the description claims.
    fn compare(&mut self, claimed: Option<u64>, topics: &BTreeMap<String, u64>) -> Result<(), Halt> {
        if self.timeless > 0 {
            let text = format!("{} of {} messages have no valid time", self.timeless, self.messages);
            let note = Note::new(NoteKind::TimeInvalid, text);
            self.out.note(note.numbers(self.timeless as f64, Some(0.0)))?;
        }
        let all = self.out.options.channels.is_none();
        if self.out.losing {
            self.out.lost = claimed.filter(|_| all).and_then(|claimed| claimed.checked_sub(self.messages));
        }
        if !all {
            return Ok(());
        }
        if let Some(claimed) = claimed.filter(|claimed| *claimed != self.messages) {
            let text = format!("`{NAME}` claims {claimed} messages and {} were read", self.messages);
            let note = Note::new(NoteKind::CountMismatch, text).in_file(NAME);
            self.out.note(note.numbers(self.messages as f64, Some(claimed as f64)))?;
        }
        // Several channels may have one topic, of several types.
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for (id, count) in &self.counts {
            if let Some(channel) = self.out.channel(*id) {
                *found.entry(channel.topic.clone()).or_default() += count;
            }
        }
        for (topic, &claimed) in topics {
            let found = found.get(topic).copied().unwrap_or(0);
            if found != claimed {
                let text = format!("`{NAME}` claims {claimed} messages on `{topic}` and {found} were read");
                let note = Note::new(NoteKind::CountMismatch, text).stream(topic.as_str()).in_file(NAME);
                self.out.note(note.numbers(found as f64, Some(claimed as f64)))?;
            }
        }
        Ok(())
    }
}

/// Decompresses one message.
fn inflate(inflater: &mut Inflater, data: &[u8]) -> Result<(), String> {
    let stated = zstd::zstd_safe::get_frame_content_size(data).ok().flatten();
    if stated.is_some_and(|stated| stated > VALUE_MAX) {
        return Err(format!("it claims {} bytes, and {VALUE_MAX} are the most", stated.unwrap_or(0)));
    }
    inflater.inflate(Compression::Zstd, data, Some(stated.unwrap_or(VALUE_MAX)))
}
