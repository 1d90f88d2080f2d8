//! A writer of ULog, and what was read.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit};
use prairie_formats::ulog::Ulog;
use prairie_formats::{FormatError, Reader};
use prairie_model::{
    Channel, MemorySource, Note, NoteKind, Payload, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source,
};

/// A log under construction.
#[derive(Debug, Clone)]
pub(crate) struct Log(pub(crate) Vec<u8>);

impl Log {
    pub(crate) fn new() -> Self {
        let mut bytes = b"ULog\x01\x12\x35\x01".to_vec();
        bytes.extend(1_000_000_u64.to_le_bytes());
        Self(bytes)
    }

    pub(crate) fn put(&mut self, kind: u8, body: &[u8]) -> &mut Self {
        self.0.extend((body.len() as u16).to_le_bytes());
        self.0.push(kind);
        self.0.extend(body);
        self
    }

    /// Flags, with a place where data was appended.
    pub(crate) fn flags(&mut self, incompatible: u8, appended: u64) -> &mut Self {
        let mut body = [0; 40];
        body[8] = incompatible;
        body[16..24].copy_from_slice(&appended.to_le_bytes());
        self.put(b'B', &body)
    }

    pub(crate) fn format(&mut self, text: &str) -> &mut Self {
        self.put(b'F', text.as_bytes())
    }

    pub(crate) fn pair(&mut self, kind: u8, before: &[u8], key: &str, value: &[u8]) -> &mut Self {
        self.put(kind, &[before, &[key.len() as u8], key.as_bytes(), value].concat())
    }

    pub(crate) fn subscribe(&mut self, instance: u8, id: u16, name: &str) -> &mut Self {
        self.put(b'A', &[&[instance], &id.to_le_bytes()[..], name.as_bytes()].concat())
    }

    pub(crate) fn data(&mut self, id: u16, message: &[u8]) -> &mut Self {
        self.put(b'D', &[&id.to_le_bytes()[..], message].concat())
    }

    pub(crate) fn text(&mut self, level: u8, micros: u64, text: &str) -> &mut Self {
        self.put(b'L', &[&[level], &micros.to_le_bytes()[..], text.as_bytes()].concat())
    }

    /// Formats, a subscription of each kind, and some messages.
    pub(crate) fn sample() -> Self {
        let mut log = Self::new();
        log.flags(0, 0)
            .format("attitude:uint64_t timestamp;float[4] q;uint8_t state;bool armed;uint8_t[6] _padding0;")
            .format("esc:uint64_t timestamp;part[2] parts;uint64_t timestamp_sample;char[8] label;")
            .format("part:int32_t rpm;double volts;uint8_t _padding0;")
            .pair(b'I', &[], "char[3] sys_name", b"PX4")
            .pair(b'P', &[], "float GAIN", &0.5_f32.to_le_bytes())
            .pair(b'Q', &[1], "float GAIN", &0.25_f32.to_le_bytes())
            .subscribe(0, 7, "attitude")
            .subscribe(1, 8, "attitude")
            .subscribe(0, 9, "esc");
        for at in 0..20_u64 {
            let time = 2_000_000 + at * 10_000;
            let id = if at % 3 == 0 { 8 } else { 7 };
            log.data(id, &attitude(time, at as f32));
            if at % 5 == 0 {
                log.data(9, &esc(time + 1, at as i32));
                log.put(b'S', &[0x2F, 0x73, 0x13, 0x20, 0x25, 0x0C, 0xBB, 0x12]);
            }
            if at == 10 {
                log.text(b'4', time + 2, "low battery").pair(b'P', &[], "float GAIN", &2.0_f32.to_le_bytes());
                log.put(b'O', &25_u16.to_le_bytes());
                log.put(b'C', &[b"6\x03\x00", &(time + 3).to_le_bytes()[..], b"tagged"].concat());
            }
        }
        log
    }

    pub(crate) fn source(&self) -> MemorySource {
        source(self.0.clone())
    }
}

pub(crate) fn source(bytes: Vec<u8>) -> MemorySource {
    MemorySource::new([("a.ulg".to_owned(), bytes)])
}

pub(crate) fn attitude(micros: u64, number: f32) -> Vec<u8> {
    let q: Vec<u8> = (0..4).flat_map(|at| (number + at as f32 / 4.0).to_le_bytes()).collect();
    // Padding at the end is not logged.
    [&micros.to_le_bytes()[..], &q, &[3, 1]].concat()
}

fn esc(micros: u64, number: i32) -> Vec<u8> {
    let part = |rpm: i32| [&rpm.to_le_bytes()[..], &(f64::from(rpm) / 10.0).to_le_bytes(), &[0]].concat();
    [&micros.to_le_bytes()[..], &part(number), &part(-number), &(micros - 1).to_le_bytes(), b"left\0\0\0\0"].concat()
}

/// A log as it was read.
pub(crate) struct Recording {
    pub(crate) plan: RecordingPlan,
    pub(crate) summary: ReadSummary,
    /// Notes of plan and reading.
    pub(crate) notes: Vec<Note>,
    pub(crate) channels: Vec<std::sync::Arc<Channel>>,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Times by topic.
    pub(crate) times: BTreeMap<String, Vec<i64>>,
    /// Numbers by topic and path of a member: `parts[1].rpm`.
    pub(crate) numbers: BTreeMap<(String, String), Vec<f64>>,
    pub(crate) texts: BTreeMap<(String, String), Vec<String>>,
}

impl Recording {
    pub(crate) fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }

    pub(crate) fn numbers(&self, topic: &str, path: &str) -> &[f64] {
        self.numbers.get(&(topic.to_owned(), path.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn texts(&self, topic: &str, path: &str) -> &[String] {
        self.texts.get(&(topic.to_owned(), path.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }

    fn add(&mut self, topic: &str, rows: &StructArray, prefix: &str) {
        for (field, column) in rows.fields().iter().zip(rows.columns()) {
            self.column(topic, column, &format!("{prefix}{}", field.name()));
        }
    }

    fn column(&mut self, topic: &str, column: &ArrayRef, path: &str) {
        if let Some(inner) = column.as_struct_opt() {
            self.add(topic, inner, &format!("{path}."));
        } else if let Some(list) = column.as_list_opt::<i32>() {
            let length = if list.is_empty() { 0 } else { list.value_length(0) };
            for at in 0..length {
                let places: Vec<u32> = list.value_offsets().iter().take(list.len()).map(|o| (o + at) as u32).collect();
                let part = arrow::compute::take(list.values(), &arrow::array::UInt32Array::from(places), None);
                self.column(topic, &part.expect("items"), &format!("{path}[{at}]"));
            }
        } else if let Some(texts) = column.as_string_opt::<i32>() {
            let key = (topic.to_owned(), path.to_owned());
            self.texts.entry(key).or_default().extend(texts.iter().map(|text| text.unwrap_or_default().to_owned()));
        } else {
            let column = match column.data_type() {
                // Times as the microseconds that the log has.
                DataType::Timestamp(..) => {
                    let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None)).expect("times");
                    cast(&micros, &DataType::Int64).expect("numbers")
                }
                _ => column.clone(),
            };
            let numbers = cast(&column, &DataType::Float64).expect("numbers");
            let key = (topic.to_owned(), path.to_owned());
            self.numbers.entry(key).or_default().extend(numbers.as_primitive::<Float64Type>().values());
        }
    }
}

pub(crate) fn read(source: &dyn Source) -> Result<Recording, FormatError> {
    let options = ReadOptions::default();
    let plan = Ulog.plan(source, &options)?;
    let mut recording = Recording {
        notes: plan.notes.clone(),
        channels: plan.channels.clone(),
        attributes: plan.attributes.clone(),
        plan: plan.clone(),
        summary: ReadSummary::default(),
        times: BTreeMap::new(),
        numbers: BTreeMap::new(),
        texts: BTreeMap::new(),
    };
    let mut delivered = 0;
    let summary = Ulog.read(source, &plan, &options, &mut |event| {
        match event {
            ReadEvent::Channel(channel) => {
                assert_eq!(channel.id as usize, recording.channels.len(), "ids have no gaps");
                recording.channels.push(channel);
            }
            ReadEvent::Batch(batch) => {
                delivered += batch.len() as u64;
                assert_eq!(*batch.channel, *recording.channels[batch.channel.id as usize]);
                let Payload::Decoded(rows) = &batch.payload else { panic!("a table is decoded") };
                assert_eq!(Some(rows.fields()), batch.channel.fields.as_ref());
                assert_eq!(rows.len(), batch.len());
                let topic = batch.channel.topic.clone();
                recording.times.entry(topic.clone()).or_default().extend(&batch.log_time);
                recording.add(&topic, rows, "");
            }
            ReadEvent::EpisodeEnd(_) => panic!("a log has no episodes of its own"),
            ReadEvent::Attribute(key, value) => {
                assert_eq!(recording.attributes.insert(key, value), None, "an attribute is told once");
            }
            ReadEvent::Note(note) => recording.notes.push(note),
        }
        ControlFlow::Continue(())
    })?;
    let counted: u64 = summary.channels.values().map(|tally| tally.messages - tally.undecodable).sum();
    assert_eq!(delivered, counted, "every message is delivered or counted as undecodable");
    recording.summary = summary;
    Ok(recording)
}
