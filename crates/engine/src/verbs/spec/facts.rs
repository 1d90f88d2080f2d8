//! Rules for rows of facts: episodes, streams, receipts, findings, segments.

use std::collections::BTreeMap;

use prairie_ledger::{Envelope, RECEIPT_TYPE};
use prairie_model::{DerivationId, Dimension, DimensionState, EpisodeId, Hash256, ReceiptPayload, StreamKind};
use serde_json::Value;

use super::cells::short;
use super::known::{Known, KnownEpisode, KnownStream, Skill};
use super::report::Place;
use super::rules::SpecRule;
use super::samples::is_codec;
use crate::cells::Cells;

/// Times from here on are dated: 1990.
const DATED_FROM_NS: i64 = 631_152_000_000_000_000;
const ATTRIBUTE_MAX_BYTES: usize = 1024;
const NOTES_MAX: usize = 1000;
const DIGEST_BYTES: usize = 1036;

/// The episode of a row. One that has no id is told of its cell.
fn episode_of(cells: &Cells, row: usize) -> Option<EpisodeId> {
    cells.text("episode_id", row)?.parse().ok()
}

fn span_of(cells: &Cells, row: usize) -> (Option<i64>, Option<i64>) {
    (cells.integer("start_ns", row), cells.integer("end_ns", row))
}

/// That both times are there or neither, and in order.
fn in_order(rule: SpecRule, row: usize, span: (Option<i64>, Option<i64>), place: &mut Place<'_>) {
    match span {
        (Some(start), Some(end)) if end < start => {
            place.tell(rule, row, format!("`end_ns` {end} comes before `start_ns` {start}"));
        }
        (Some(_), None) | (None, Some(_)) => {
            place.tell(rule, row, "one of `start_ns` and `end_ns` is null, and the other is not".to_owned());
        }
        _ => {}
    }
}

/// Seconds from one time to another; i128 because the difference of two i64 may not fit.
fn seconds(start: i64, end: i64) -> f64 {
    (i128::from(end) - i128::from(start)) as f64 / 1e9
}

/// Whether two numbers are the same but for the rounding of another division.
fn close(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn shown(number: Option<f64>) -> String {
    number.map_or("null".to_owned(), |number| number.to_string())
}

pub(super) fn episodes(cells: &Cells, known: &mut Known, place: &mut Place<'_>) {
    for row in 0..cells.rows() {
        episode(cells, row, place);
        let Some(id) = episode_of(cells, row) else { continue };
        let (derivation, key) = (cells.text("derivation_id", row), cells.text("key", row));
        if let (Some(derivation), Some(ordinal)) = (derivation.as_deref(), cells.count("ordinal", row))
            && let Ok(derivation) = derivation.parse::<DerivationId>()
        {
            let derived = EpisodeId::derive(derivation, &ordinal.to_string());
            if derived != id {
                let text = format!("`episode_id` is {id}, and derivation and order give {derived}");
                place.tell(SpecRule::EpisodeIdDerived, row, text);
            }
        }
        if let (Some(derivation), Some(key)) = (derivation.clone(), key) {
            let first = *known.keys.entry((derivation, key.clone())).or_insert(id);
            if first != id {
                let text = format!("`key` is `{}`, as that of episode {first}", short(&key));
                place.tell(SpecRule::EpisodeKeyTwice, row, text);
            }
        }
        let revision = cells.count("revision", row).unwrap_or(0);
        let decision = cells.text("decision", row).unwrap_or_default();
        if known.decisions.insert((id, revision), decision).is_some() {
            place.tell(SpecRule::EpisodeTwice, row, format!("episode {id} has another row of revision {revision}"));
        }
        let episode = known.episodes.entry(id).or_default();
        if revision >= episode.revision {
            *episode = KnownEpisode {
                revision,
                owner: cells.text("owner", row),
                derivation: derivation.and_then(|text| text.parse().ok()),
                content: cells.text("content_hash", row),
                span: span_of(cells, row),
                samples: cells.count("samples", row),
                is_repaired: cells.text("parent_id", row).is_some(),
            };
        }
    }
}

/// What a row of `episodes` says by itself.
fn episode(cells: &Cells, row: usize, place: &mut Place<'_>) {
    let count = |name: &str| cells.count(name, row);
    let parts = || count("mapped")?.checked_add(count("unmapped")?)?.checked_add(count("undecodable")?);
    if let (Some(messages), Some(parts)) = (count("messages"), parts())
        && messages != parts
    {
        place.tell(SpecRule::EpisodeCounts, row, format!("{messages} messages in, and {parts} accounted for"));
    }
    let span = span_of(cells, row);
    in_order(SpecRule::EpisodeEndsFirst, row, span, place);
    let lasts = span.0.and_then(|start| Some(seconds(start, span.1?)));
    let stated = cells.float("duration_s", row);
    if cells.array("duration_s").is_some() && !close(stated, lasts) {
        let text = format!("`duration_s` is {}, and it lasts {}", shown(stated), shown(lasts));
        place.tell(SpecRule::EpisodeDuration, row, text);
    }
    let is_dated = span.0.is_some_and(|start| start >= DATED_FROM_NS);
    if cells.truth("dated", row).is_some_and(|dated| dated != is_dated) {
        let start = span.0.map_or("null".to_owned(), |start| start.to_string());
        place.tell(SpecRule::EpisodeDated, row, format!("`dated` is {}, and `start_ns` is {start}", !is_dated));
    }
    if let Some(text) = cells.text("attributes", row) {
        match serde_json::from_str::<BTreeMap<String, String>>(&text) {
            Err(_) => {
                let text = "`attributes` is no JSON object of texts".to_owned();
                place.tell(SpecRule::EpisodeAttributes, row, text);
            }
            Ok(attributes) => {
                let long = attributes.iter().find(|(_, text)| text.len() > ATTRIBUTE_MAX_BYTES);
                if let Some((name, text)) = long {
                    let text = format!("attribute `{}` has {} bytes", short(name), text.len());
                    place.tell(SpecRule::EpisodeAttributes, row, text);
                }
            }
        }
    }
    if let Some(text) = cells.text("notes", row) {
        match serde_json::from_str::<Vec<Value>>(&text) {
            Err(_) => place.tell(SpecRule::EpisodeNotes, row, "`notes` is no JSON list".to_owned()),
            Ok(notes) if notes.len() > NOTES_MAX => {
                place.tell(SpecRule::EpisodeNotes, row, format!("`notes` has {} notes", notes.len()));
            }
            Ok(_) => {}
        }
    }
    let digest = cells.array("digest").filter(|column| column.is_valid(row)).map(|_| cells.bytes("digest", row));
    if let Some(digest) = digest.filter(|digest| digest.len() != DIGEST_BYTES) {
        place.tell(SpecRule::EpisodeDigest, row, format!("`digest` has {} bytes", digest.len()));
    }
}

pub(super) fn streams(cells: &Cells, known: &mut Known, place: &mut Place<'_>) {
    for row in 0..cells.rows() {
        let kind = cells.text("kind", row).and_then(|kind| StreamKind::from_name(&kind));
        stream(cells, row, kind, place);
        let (Some(id), Some(name)) = (episode_of(cells, row), cells.text("stream", row)) else { continue };
        let stream = KnownStream {
            kind,
            clock: cells.text("clock", row).unwrap_or_default(),
            offset: cells.integer("clock_offset_ns", row),
            is_trajectory: cells.text("schema", row).is_some_and(|schema| schema.contains("Trajectory")),
            promised: cells.count("samples", row),
            span: span_of(cells, row),
            ..KnownStream::default()
        };
        if known.streams.entry(id).or_default().insert(name.clone(), stream).is_some() {
            let text = format!("episode {id} has another stream `{}`", short(&name));
            place.tell(SpecRule::StreamTwice, row, text);
        }
    }
}

/// What a row of `streams` says by itself.
fn stream(cells: &Cells, row: usize, kind: Option<StreamKind>, place: &mut Place<'_>) {
    let (clock, offset) = (cells.text("clock", row), cells.integer("clock_offset_ns", row));
    match clock.as_deref() {
        Some("header") if offset.is_none() => {
            place.tell(SpecRule::ClockOffset, row, "clock `header` without `clock_offset_ns`".to_owned());
        }
        Some(clock @ ("log" | "row")) if offset.is_some() => {
            place.tell(SpecRule::ClockOffset, row, format!("clock `{clock}` with `clock_offset_ns`"));
        }
        _ => {}
    }
    let (samples, span) = (cells.count("samples", row), span_of(cells, row));
    in_order(SpecRule::StreamEndsFirst, row, span, place);
    if let Some(samples) = samples
        && (samples == 0) != span.0.is_none()
        && span.0.is_none() == span.1.is_none()
    {
        let times = if span.0.is_none() { "no times" } else { "times" };
        place.tell(SpecRule::StreamEndsFirst, row, format!("a stream of {samples} samples with {times}"));
    }
    if let (Some(samples), (Some(start), Some(end)), true) = (samples, span, cells.array("rate_hz").is_some()) {
        let rate = (samples > 1 && end > start).then(|| (samples - 1) as f64 / seconds(start, end));
        let stated = cells.float("rate_hz", row);
        // Samples that all lie at one time have no rate, and a source that divides by zero no number.
        if !close(stated, rate) && end >= start {
            let text = format!("`rate_hz` is {}, and samples and times give {}", shown(stated), shown(rate));
            place.tell(SpecRule::StreamRate, row, text);
        }
    }
    for side in ["width", "height"] {
        if cells.count(side, row) == Some(0) {
            place.tell(SpecRule::SizeZero, row, format!("`{side}` is 0, not null"));
        }
    }
    let codec = cells.text("codec", row);
    match kind {
        Some(kind) if !kind.is_frames() => {
            let is_stated = |name: &&str| cells.array(name).is_some_and(|column| column.is_valid(row));
            let stated = ["codec", "width", "height", "codec_config", "fps"].iter().find(|name| is_stated(name));
            if let Some(name) = stated {
                let text = format!("`{name}` of a stream of kind `{}` is not null", kind.name());
                place.tell(SpecRule::StreamPicture, row, text);
            }
        }
        Some(StreamKind::Image | StreamKind::Depth) => {
            if let Some(codec) = codec.filter(|codec| !codec.is_empty() && !is_codec(codec)) {
                let text = format!("`codec` is `{}`, which is none of pictures", short(&codec));
                place.tell(SpecRule::WordUnknown, row, text);
            }
        }
        _ => {}
    }
}

pub(super) fn receipts(cells: &Cells, known: &mut Known, place: &mut Place<'_>) {
    for row in 0..cells.rows() {
        let Some(id) = episode_of(cells, row) else { continue };
        let decision = cells.text("decision", row);
        let of_episode = known.decisions.get(&(id, cells.count("revision", row).unwrap_or(0)));
        if let (Some(decision), Some(of_episode)) = (&decision, of_episode)
            && decision != of_episode
        {
            let text = format!("the receipt says `{}`, and the episode `{}`", short(decision), short(of_episode));
            place.tell(SpecRule::DecisionDiffers, row, text);
        }
        let hash = cells.text("receipt_hash", row);
        known.receipts.extend(hash.clone());
        let Some(envelope) = cells.text("envelope", row) else { continue };
        let payload = Envelope::from_json(&envelope).map_err(|error| error.to_string());
        let payload = payload.and_then(|envelope| {
            let payload = envelope.payload_of_type(RECEIPT_TYPE).map_err(|error| error.to_string())?.to_vec();
            let receipt: ReceiptPayload = serde_json::from_slice(&payload).map_err(|error| error.to_string())?;
            Ok((payload, receipt))
        });
        match payload {
            Err(error) => place.tell(SpecRule::ReceiptEnvelope, row, format!("`envelope` holds no receipt: {error}")),
            Ok((bytes, payload)) => {
                let is = Hash256::of(&bytes);
                if let Some(hash) = hash.filter(|hash| *hash != is.to_string()) {
                    place.tell(SpecRule::ReceiptHash, row, format!("`receipt_hash` is {}, not {is}", short(&hash)));
                }
                if let Some(what) = differs(cells, row, id, &payload, known) {
                    place.tell(SpecRule::ReceiptPayload, row, format!("the payload says otherwise: {what}"));
                }
            }
        }
    }
}

/// What the payload of a receipt says otherwise than its row or its episode.
fn differs(cells: &Cells, row: usize, id: EpisodeId, payload: &ReceiptPayload, known: &Known) -> Option<&'static str> {
    let says = |name: &str, text: &str| cells.text(name, row).is_none_or(|cell| cell == text);
    let state = |dimension: &Dimension| {
        let state = payload.dimensions.get(dimension).copied();
        state.filter(|state| *state != DimensionState::NotApplicable).map(DimensionState::name)
    };
    if payload.episode != id {
        return Some("another episode");
    }
    if !says("decision", payload.decision.name()) {
        return Some("another decision");
    }
    if !says("profile_name", &payload.profile_name) || !says("profile_hash", &payload.profile.to_string()) {
        return Some("another profile");
    }
    let other = |dimension: &&Dimension| {
        let there = cells.array(dimension.name()).is_some();
        there && cells.text(dimension.name(), row).as_deref() != state(dimension)
    };
    if let Some(dimension) = Dimension::ALL.iter().find(other) {
        return Some(dimension.name());
    }
    let episode = known.episodes.get(&id)?;
    if episode.content.as_ref().is_some_and(|content| *content != payload.content.to_string()) {
        return Some("another content");
    }
    let derivation = payload.derivation.id().ok();
    (episode.derivation.is_some() && episode.derivation != derivation).then_some("another derivation")
}

pub(super) fn findings(cells: &Cells, known: &mut Known, place: &mut Place<'_>) {
    for row in 0..cells.rows() {
        in_order(SpecRule::FindingEndsFirst, row, span_of(cells, row), place);
        if let Some(hash) = cells.text("receipt_hash", row)
            && known.has("receipts")
            && !known.receipts.contains(&hash)
        {
            place.tell(SpecRule::FindingReceipt, row, format!("`receipts` has no receipt {}", short(&hash)));
        }
    }
}

pub(super) fn segments(cells: &Cells, known: &mut Known, place: &mut Place<'_>) {
    for row in 0..cells.rows() {
        let (label, name) = (cells.text("label", row).unwrap_or_default(), cells.text("name", row).unwrap_or_default());
        let (start, end) = span_of(cells, row);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            let text = format!("`end_ns` {end} comes before `start_ns` {start}");
            place.tell(SpecRule::SegmentEndsFirst, row, text);
        }
        let is_stated = |name: &&str| cells.array(name).is_some_and(|column| column.is_valid(row));
        if label != "exception"
            && let Some(stated) = ["cause", "recoverable"].iter().find(|name| is_stated(name))
        {
            let text = format!("`{stated}` of a segment of label `{}` is not null", short(&label));
            place.tell(SpecRule::SegmentNotException, row, text);
        }
        let is_word =
            |word: &str| !word.is_empty() && !word.contains(|c: char| c.is_uppercase() || !c.is_alphanumeric());
        if !name.is_empty() && !name.split('_').all(is_word) {
            let text = format!("`name` is `{}`, not lower-case words joined by `_`", short(&name));
            place.tell(SpecRule::SegmentName, row, text);
        }
        let Some(id) = episode_of(cells, row) else { continue };
        if let (Some(t), Some((Some(first), Some(last)))) = (start, known.episodes.get(&id).map(|one| one.span))
            && !(first..=last).contains(&t)
        {
            let text = format!("it starts at {t}, and its episode lasts from {first} to {last}");
            place.tell(SpecRule::SegmentOutside, row, text);
        }
        if let (Some(start), Some(end), "skill") = (start, end, label.as_str()) {
            let (file, row) = (place.file.to_owned(), place.first + row as u64);
            known.skills.entry(id).or_default().push(Skill { start, end, file, row });
        }
    }
}
