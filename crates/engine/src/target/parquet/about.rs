//! The tables of episodes, and what people and programs need to know of the files.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field};
use prairie_model::StreamKind;
use serde_json::{Value, json};

use super::shape::{Column, Subject, Take};
use super::table::{Rows, StreamTable};
use super::{field, span};
use crate::error::EngineError;
use crate::export::{ExportJob, Proof, StoredEpisode, new_file};

/// Columns of a table that the text for people lists; `streams.json` has all.
const LISTED: usize = 24;

/// The columns of `frames.parquet`.
pub(super) fn frame_fields() -> Vec<Field> {
    vec![
        Field::new("stream", DataType::Utf8, false),
        Field::new("episode", DataType::Int64, false),
        Field::new("t_ns", DataType::Int64, false),
        Field::new("time_s", DataType::Float64, false),
        Field::new("file", DataType::Utf8, false),
        Field::new("frame", DataType::Int64, false),
        Field::new("video_s", DataType::Float64, false),
        Field::new("is_own_picture", DataType::Boolean, false),
    ]
}

/// Writes `episodes.parquet`, and `segments.parquet` where there is any.
pub(super) fn episodes(dir: &Path, job: &ExportJob) -> Result<(), EngineError> {
    let all = &job.episodes;
    let texts = |get: &dyn Fn(&StoredEpisode) -> Option<String>| -> ArrayRef {
        Arc::new(all.iter().map(get).collect::<StringArray>())
    };
    let integers = |get: &dyn Fn(&StoredEpisode) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(all.iter().map(get)))
    };
    let attributes = |episode: &StoredEpisode| serde_json::to_string(&episode.episode.attributes).ok();
    let seconds = all.iter().map(|episode| {
        let (start, end) = span(episode);
        end.saturating_sub(start) as f64 / 1e9
    });
    // OK to cast: a count of episodes in memory.
    let index: ArrayRef = Arc::new(Int64Array::from_iter_values(0..all.len() as i64));
    let splits = job.members.iter().map(|member| member.split.as_str());
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("episode", index),
        ("episode_id", texts(&|episode| Some(episode.id.to_string()))),
        ("recording_id", texts(&|episode| Some(episode.recording.to_string()))),
        ("key", texts(&|episode| Some(episode.episode.key.clone()))),
        ("split", Arc::new(StringArray::from_iter_values(splits))),
        ("task", texts(&|episode| episode.episode.task.clone())),
        ("outcome", texts(&|episode| Some(episode.episode.outcome.name().to_owned()))),
        ("mode", texts(&|episode| Some(episode.episode.mode.name().to_owned()))),
        ("robot", texts(&|episode| episode.episode.robot.clone())),
        ("robot_type", texts(&|episode| episode.episode.robot_type.clone())),
        ("operator", texts(&|episode| episode.episode.operator.clone())),
        ("station", texts(&|episode| episode.episode.station.clone())),
        ("software", texts(&|episode| episode.episode.software.clone())),
        ("calibration", texts(&|episode| episode.episode.calibration.clone())),
        ("licence", texts(&|episode| episode.episode.rights.licence.clone())),
        ("start_ns", integers(&|episode| span(episode).0)),
        ("end_ns", integers(&|episode| span(episode).1)),
        ("duration_s", Arc::new(Float64Array::from_iter_values(seconds))),
        ("is_dated", Arc::new(BooleanArray::from_iter(all.iter().map(|episode| Some(episode.episode.dated))))),
        ("attributes", texts(&attributes)),
    ];
    write(dir, "episodes.parquet", columns)?;
    segments(dir, all)
}

fn segments(dir: &Path, episodes: &[StoredEpisode]) -> Result<(), EngineError> {
    let all: Vec<_> = episodes
        .iter()
        .zip(0_i64..)
        .flat_map(|(episode, index)| episode.segments.iter().map(move |segment| (index, segment)))
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    let integers = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    let texts = |values: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("episode", integers(all.iter().map(|(index, _)| *index).collect())),
        ("start_ns", integers(all.iter().map(|(_, segment)| segment.span.start.0).collect())),
        ("end_ns", integers(all.iter().map(|(_, segment)| segment.span.end.0).collect())),
        ("label", texts(all.iter().map(|(_, segment)| Some(segment.label.name())).collect())),
        ("name", texts(all.iter().map(|(_, segment)| Some(segment.name.as_str())).collect())),
        ("cause", texts(all.iter().map(|(_, segment)| segment.cause.as_deref()).collect())),
        ("is_recoverable", Arc::new(BooleanArray::from_iter(all.iter().map(|(_, segment)| segment.recoverable)))),
        ("annotator", texts(all.iter().map(|(_, segment)| segment.annotator.as_deref()).collect())),
    ];
    write(dir, "segments.parquet", columns)
}

fn write(dir: &Path, path: &str, columns: Vec<(&str, ArrayRef)>) -> Result<(), EngineError> {
    let fields = columns.iter().map(|(name, column)| field(name, column.data_type().clone())).collect();
    let mut rows = Rows::create(dir, path, fields)?;
    rows.append(columns.into_iter().map(|(_, column)| column).collect())?;
    rows.finish()
}

/// Writes `streams.json` and `README.md`.
pub(super) fn describe(
    dir: &Path,
    job: &ExportJob,
    tables: &BTreeMap<Subject, StreamTable>,
    cameras: &BTreeMap<String, String>,
    proof: &Proof,
) -> Result<(), EngineError> {
    let about = |subject: &Subject| {
        let all = job.episodes.iter().flat_map(|episode| &episode.streams);
        all.into_iter().find(|stream| Subject::of(stream).as_ref() == Some(subject))
    };
    let streams = tables.iter().map(|(subject, table)| {
        let stream = about(subject);
        json!({
            "stream": subject.stream,
            "file": table.path,
            "kind": subject.kind.name(),
            "representation": subject.representation,
            "source": stream.map(|stream| stream.source.as_str()),
            "schema": stream.map(|stream| stream.schema.as_str()),
            "frame": stream.and_then(|stream| stream.frame.as_deref()),
            "child_frame": stream.and_then(|stream| stream.child_frame.as_deref()),
            "shape": stream.map(|stream| stream.shape.clone()),
            "clock": stream.map(|stream| stream.clock),
            "rate_hz": stream.and_then(|stream| stream.nominal_rate_hz.or(stream.rate_hz)),
            "rows": table.rows.count,
            "episodes": table.episodes,
            "columns": table.columns.iter().map(column).collect::<Vec<_>>(),
        })
    });
    let videos = proof.videos.iter().map(|video| {
        json!({
            "stream": video.stream, "folder": cameras.get(&video.stream), "codec": video.codec, "how": video.how,
            "frames": video.exported + video.repeated, "source_frames": video.source_frames,
        })
    });
    let all = json!({
        "version": 1,
        "dataset": job.name,
        "times": "t_ns, log_time_ns and header_time_ns count nanoseconds: since 1970 where `is_dated` of the episode is true; \
                  time_s counts seconds from the beginning of the episode",
        "streams": streams.collect::<Vec<_>>(),
        "videos": videos.collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&all).map_err(|error| EngineError::Bug(error.to_string()))?;
    save(dir, "streams.json", &format!("{text}\n"))?;
    save(dir, "README.md", &readme(job, tables, proof))
}

fn column(column: &Column) -> Value {
    let element = match &column.take {
        Take::Element(label) => Some(label.as_str()),
        _ => None,
    };
    json!({
        "name": column.name,
        "unit": column.unit,
        "series": column.source,
        "element": element,
        "type": if column.take == Take::List { "list of float64" } else { "float64" },
    })
}

fn save(dir: &Path, path: &str, text: &str) -> Result<(), EngineError> {
    let failed = |source| EngineError::File { action: "write", path: dir.join(path), source };
    new_file(dir, path)?.write_all(text.as_bytes()).map_err(failed)
}

/// What the folder is, for people.
fn readme(job: &ExportJob, tables: &BTreeMap<Subject, StreamTable>, proof: &Proof) -> String {
    let mut text = format!("# {}\n\n", job.name);
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("{} episodes, {:.1} s, written by {}.\n", proof.episodes.len(), proof.duration_s, proof.code));
    if let Some(licence) = &job.licence {
        line(format!("Licence: {licence}.\n"));
    }
    line("| file | a row is |\n|---|---|".to_owned());
    line("| `episodes.parquet` | an episode; `episode` is its number everywhere |".to_owned());
    if job.episodes.iter().any(|episode| !episode.segments.is_empty()) {
        line("| `segments.parquet` | a labelled part of an episode |".to_owned());
    }
    line("| `streams/*.parquet` | a sample, at the stream's own rate |".to_owned());
    if !proof.videos.is_empty() {
        line("| `frames.parquet` | a picture: `frame` is its number in the video `file`, from 0, in the order of showing |".to_owned());
    }
    line(TIMES.to_owned());
    for (subject, table) in tables {
        stream(&mut line, subject, table);
    }
    text.push_str(EXAMPLES);
    text
}

const TIMES: &str = "\nTimes: `t_ns` is when a sample was taken and `log_time_ns` when it was recorded, in nanoseconds (since 1970, where
`is_dated` of the episode is true); `header_time_ns` is the stamp that the sample itself had; `time_s` counts seconds from the
beginning of the episode. A null is a number that the recording does not have. `video_s` is when a player shows a picture;
where `is_own_picture` is false, the picture could not be decoded, and the one before it is shown.
";

/// What the table of a stream is, for people.
fn stream(line: &mut dyn FnMut(String), subject: &Subject, table: &StreamTable) {
    line(format!(
        "\n## {}\n\n`{}`: {} rows of kind `{}`.",
        subject.stream,
        table.path,
        table.rows.count,
        subject.kind.name()
    ));
    if subject.kind == StreamKind::Event {
        line("Columns: `level`, `text`.".to_owned());
        return;
    }
    line("\n| column | unit |\n|---|---|".to_owned());
    for column in table.columns.iter().take(LISTED) {
        line(format!("| `{}` | {} |", column.name, column.unit.as_deref().unwrap_or("unknown, or none")));
    }
    if table.columns.len() > LISTED {
        line(format!("\nand {} more, in `streams.json`.", table.columns.len() - LISTED));
    }
}

const EXAMPLES: &str = "
## Reading

```python
import pandas as pd
episodes = pd.read_parquet(\"episodes.parquet\")
samples = pd.read_parquet(\"streams/NAME.parquet\")
frames = pd.read_parquet(\"frames.parquet\")
# The last sample before each picture:
pd.merge_asof(frames.sort_values(\"t_ns\"), samples.sort_values(\"t_ns\"), on=\"t_ns\", by=\"episode\")
```

```sql
-- DuckDB
SELECT task, count(*) FROM 'streams/NAME.parquet' JOIN 'episodes.parquet' USING (episode) GROUP BY task;
```
";
