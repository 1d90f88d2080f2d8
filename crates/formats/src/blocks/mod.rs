//! Text of blocks: a line with a label, then a row of numbers per sample, then a blank line; and a `recording.toml` that says what
//! they are.
//!
//! ```text
//!   recording.toml ─▶ config ─▶ plan: one channel per stream, one episode per block
//!   collision            ─▶ EpisodeStart, label
//!     -1  0  63 -3 -1 0  ─▶ a row: columns by their numbers ─▶ batches of numbers
//! ```
//!
//! Windows around failures, as laboratories publish them, have this form. Columns come as features of a table, so that their names
//! say what they are, as those of LeRobot do: six columns that are called `wrench` are forces and torques. Times begin at zero.
//!
//! What it does *not* do: tables with a line of names, and text without blocks.

mod config;
mod scan;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{Float64Builder, ListBuilder, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use prairie_model::{
    Channel, MessageBatch, MessageEncoding, Nanos, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary,
    RecordingPlan, Source, SourceEpisode,
};

use crate::{FormatError, FormatPage, Reader};
use config::Config;
use scan::{Line, scan};

/// Rows per batch.
const BATCH_ROWS: usize = 4096;

/// Blocks of one recording.
const BLOCKS_MAX: usize = 1_000_000;

/// Reads text of blocks.
#[derive(Debug, Clone, Copy)]
pub struct Blocks;

impl Reader for Blocks {
    fn name(&self) -> &'static str {
        "blocks"
    }

    fn describe(&self) -> &'static str {
        "text of labelled blocks of numbers, one episode per block (a folder with `recording.toml`)"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "a folder whose `recording.toml` says `schema = \"prairie/blocks/1\"`",
            carries: &[
                "blocks of numbers under a label, one episode per block",
                "label, names of columns, units and rate, as the description says",
            ],
            limits: &["what is no block of the description is told with its line"],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        Config::is_there(source)
    }

    fn plan(&self, source: &dyn Source, _options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        plan(source, &Config::load(source)?)
    }

    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        let config = Config::load(source)?;
        let summary = ReadSummary { complete: true, ..ReadSummary::default() };
        let mut reading = Reading { config: &config, plan, options, sink, summary, next: 0, block: None };
        for file in &config.files {
            // A missing file is told by the plan.
            let Some(place) = source.files().iter().position(|each| each.path == file.path) else { continue };
            let mut broken = false;
            scan(source, place, &mut |line| {
                let flow = reading.line(line);
                broken = flow.is_break();
                flow
            })?;
            if broken || reading.end().is_break() {
                reading.summary.complete = false;
                break;
            }
        }
        Ok(reading.summary)
    }
}

/// The shape of one stream's messages.
fn fields() -> Fields {
    let item = Arc::new(Field::new_list_field(DataType::Float64, true));
    Fields::from(vec![Field::new("value", DataType::List(item), true)])
}

fn plan(source: &dyn Source, config: &Config) -> Result<RecordingPlan, FormatError> {
    let mut plan = RecordingPlan { format: "blocks".to_owned(), ..RecordingPlan::default() };
    for (id, stream) in (0u32..).zip(&config.streams) {
        plan.channels.push(Arc::new(Channel {
            id,
            topic: stream.name.clone(),
            // What the lens of tables knows: names of features say what they are.
            schema_name: "lerobot.feature".to_owned(),
            encoding: MessageEncoding::Table,
            fields: Some(fields()),
            undecodable: None,
            picture: None,
            names: stream.names.clone(),
            shape: vec![stream.columns.len() as u64],
            rate_hz: Some(1.0 / config.period_s),
            metadata: BTreeMap::new(),
            claimed_messages: None,
        }));
    }
    for file in &config.files {
        let Some(place) = source.files().iter().position(|each| each.path == file.path) else {
            let mut note = Note::new(NoteKind::FileMissing, format!("`{}` is not there", file.path));
            note.file = Some(file.path.clone());
            plan.notes.push(note);
            continue;
        };
        let (mut rows, mut blocks) = (0, 0_u64);
        scan(source, place, &mut |line| {
            match line {
                Line::Label(label) if plan.episodes.len() < BLOCKS_MAX => {
                    if let Some(last) = plan.episodes.last_mut().filter(|_| blocks > 0) {
                        last.claimed_length = Some(rows);
                    }
                    rows = 0;
                    let mut attributes = file.attributes.clone();
                    if let Some(outcome) = config.outcome(label) {
                        attributes.insert("outcome".to_owned(), outcome.to_owned());
                    }
                    attributes.insert("label".to_owned(), label.to_owned());
                    plan.episodes.push(SourceEpisode {
                        key: format!("{}#{blocks:06}", file.path),
                        task: file.task.clone(),
                        claimed_length: None,
                        span: None,
                        attributes,
                    });
                    blocks += 1;
                }
                Line::Label(_) => return ControlFlow::Break(()),
                Line::Row(_) => rows += u64::from(blocks > 0),
                Line::Blank | Line::Odd => {}
            }
            ControlFlow::Continue(())
        })?;
        if let Some(last) = plan.episodes.last_mut().filter(|_| blocks > 0) {
            last.claimed_length = Some(rows);
        }
    }
    plan.attributes = config.attributes.clone();
    Ok(plan)
}

/// A recording that is being read.
struct Reading<'a> {
    config: &'a Config,
    plan: &'a RecordingPlan,
    options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    summary: ReadSummary,
    /// The next block's place in the plan.
    next: u32,
    block: Option<Block>,
}

/// The block that is being read.
struct Block {
    episode: u32,
    /// Samples before those that wait.
    done: u64,
    rows: Vec<Vec<f64>>,
    /// Lines that are neither a row of as many numbers as the streams need nor a label.
    odd: u64,
}

impl Reading<'_> {
    fn line(&mut self, line: Line<'_>) -> ControlFlow<()> {
        match line {
            Line::Label(_) => {
                self.end()?;
                if self.next as usize >= self.plan.episodes.len() {
                    return ControlFlow::Break(());
                }
                self.block = Some(Block { episode: self.next, done: 0, rows: Vec::new(), odd: 0 });
                self.next += 1;
            }
            Line::Row(cells) => {
                let width = self.config.width();
                let Some(block) = &mut self.block else { return ControlFlow::Continue(()) };
                if cells.len() < width {
                    block.odd += 1;
                    return ControlFlow::Continue(());
                }
                block.rows.push(cells);
                if block.rows.len() >= BATCH_ROWS {
                    return self.flush();
                }
            }
            Line::Odd => {
                if let Some(block) = &mut self.block {
                    block.odd += 1;
                }
            }
            Line::Blank => {}
        }
        ControlFlow::Continue(())
    }

    fn wanted(&self, episode: u32) -> bool {
        self.options.episodes.as_ref().is_none_or(|wanted| wanted.contains(&episode))
    }

    /// Delivers the rows that wait.
    fn flush(&mut self) -> ControlFlow<()> {
        let Some(block) = &mut self.block else { return ControlFlow::Continue(()) };
        let rows = std::mem::take(&mut block.rows);
        let (episode, first) = (block.episode, block.done);
        block.done += rows.len() as u64;
        if rows.is_empty() || !self.wanted(episode) {
            return ControlFlow::Continue(());
        }
        let time = |at: u64| self.config.time_ns(at);
        let log_time: Vec<i64> = (first..).take(rows.len()).map(time).collect();
        for (channel, stream) in self.plan.channels.iter().zip(&self.config.streams) {
            if self.options.channels.as_ref().is_some_and(|wanted| !wanted.contains(&channel.id)) {
                continue;
            }
            let mut lists = ListBuilder::new(Float64Builder::new());
            for row in &rows {
                stream.columns.iter().for_each(|column| lists.values().append_option(row.get(*column).copied()));
                lists.append(true);
            }
            let messages = StructArray::new(fields(), vec![Arc::new(lists.finish())], None);
            let times = log_time.first().zip(log_time.last()).map(|(first, last)| (Nanos(*first), Nanos(*last)));
            self.summary.count(channel.id, rows.len() as u64, times);
            let batch = MessageBatch {
                channel: Arc::clone(channel),
                episode: Some(episode),
                log_time: log_time.clone(),
                publish_time: Vec::new(),
                payload: Payload::Decoded(messages),
            };
            (self.sink)(ReadEvent::Batch(batch))?;
        }
        ControlFlow::Continue(())
    }

    /// Ends the block, and tells what could not be read of it.
    fn end(&mut self) -> ControlFlow<()> {
        self.flush()?;
        let Some(block) = self.block.take() else { return ControlFlow::Continue(()) };
        if !self.wanted(block.episode) {
            return ControlFlow::Continue(());
        }
        if block.odd > 0 {
            let text = format!("{} lines are no rows of {} numbers", block.odd, self.config.width());
            let mut note = Note::new(NoteKind::Undecodable, text);
            note.episode = Some(block.episode);
            // OK to cast: lines of one block.
            note.measured = Some(block.odd as f64);
            (self.sink)(ReadEvent::Note(note))?;
        }
        (self.sink)(ReadEvent::EpisodeEnd(block.episode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prairie_model::MemorySource;

    const CONFIG: &str = "schema = \"prairie/blocks/1\"\nperiod_s = 0.021\n[[files]]\npath = \"lp1.data\"\ntask = \"approach\"\n\
        [[files]]\npath = \"gone.data\"\n[[streams]]\nname = \"wrench\"\ncolumns = [0, 1, 2, 3, 4, 5]\n\
        [outcomes]\nnormal = \"success\"\n\"*\" = \"failure\"\n";

    fn source(text: &str) -> MemorySource {
        let files = [("lp1.data", text), ("recording.toml", CONFIG)];
        MemorySource::new(files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())))
    }

    fn events(source: &MemorySource) -> (RecordingPlan, Vec<String>, ReadSummary) {
        assert!(Blocks.claims(source));
        let options = ReadOptions::default();
        let plan = Blocks.plan(source, &options).expect("a plan");
        let mut told = Vec::new();
        let summary = Blocks.read(source, &plan, &options, &mut |event| {
            told.push(match event {
                ReadEvent::Batch(batch) => {
                    format!("{} rows of {:?} at {:?}", batch.len(), batch.episode, batch.log_time)
                }
                ReadEvent::EpisodeEnd(episode) => format!("end {episode}"),
                ReadEvent::Note(note) => note.text,
                other => format!("{other:?}"),
            });
            ControlFlow::Continue(())
        });
        (plan, told, summary.expect("a summary"))
    }

    #[test]
    fn a_block_is_an_episode_with_its_label() {
        let text = "normal\n\t-1\t-1\t63\t-3\t-1\t0\n\t0 0 62 -3 -1 0\n\n\ncollision\r\n\t1\t2\t3\t4\t5\t6\r\n 1 2\nfr_collision\n";
        let (plan, told, summary) = events(&source(text));
        let labels: Vec<_> = plan
            .episodes
            .iter()
            .map(|episode| (episode.attributes["label"].as_str(), episode.attributes["outcome"].as_str()))
            .collect();
        assert_eq!(labels, [("normal", "success"), ("collision", "failure"), ("fr_collision", "failure")]);
        assert_eq!(plan.episodes[0].task.as_deref(), Some("approach"));
        assert_eq!((plan.episodes[0].claimed_length, plan.episodes[2].claimed_length), (Some(2), Some(0)));
        assert_eq!(plan.notes[0].text, "`gone.data` is not there");
        assert_eq!(
            told,
            [
                "2 rows of Some(0) at [0, 21000000]",
                "end 0",
                "1 rows of Some(1) at [0]",
                "1 lines are no rows of 6 numbers",
                "end 1",
                "end 2"
            ]
        );
        assert_eq!(summary.channels[&0].messages, 3);
        assert!(summary.complete);
    }

    #[test]
    fn what_is_no_such_folder_is_not_claimed_and_a_wrong_one_says_why() {
        let other = MemorySource::new([("recording.toml".to_owned(), b"schema = \"prairie/other/1\"".to_vec())]);
        assert!(!Blocks.claims(&other));
        for (config, why) in [
            ("period_s = 0.0\nfiles = []\nstreams = []", "`period_s`"),
            ("period_s = 1\nfiles = []\nstreams = []", "no stream"),
            ("period_s = 1\nfiles = []\n[[streams]]\nname = \"x\"\ncolumns = []", "no column"),
            ("period_s = 1\nfiles = []\n[[streams]]\nname = \"x\"\ncolumns = [99999]", "column 99999"),
        ] {
            let text = format!("schema = \"prairie/blocks/1\"\n{config}");
            let source = MemorySource::new([("recording.toml".to_owned(), text.into_bytes())]);
            let error = Blocks.plan(&source, &ReadOptions::default()).expect_err("no plan").to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
