//! The plan of a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use prairie_model::{
    Channel, Codec, MessageEncoding, Note, NoteKind, PictureInfo, RecordingPlan, SourceEpisode, blob_field,
};

use super::clock::{RATE_HZ, UMI_RATE_HZ};
use super::layout::{Feature, Layout, Rows};
use super::nodes::Nodes;
use crate::elements::Element;

/// The one column of a feature's messages.
pub(super) fn fields_of(rows: Rows, element: Element) -> Fields {
    let field = match rows {
        Rows::Numbers => {
            let item = Field::new_list_field(element.data_type().unwrap_or(DataType::Null), true);
            Field::new("value", DataType::List(Arc::new(item)), true)
        }
        Rows::Texts => Field::new("text", DataType::Utf8, true),
        Rows::Pixels(_) | Rows::Coded(_) => blob_field("data"),
    };
    Fields::from(vec![field])
}

/// The plan of what a layout holds.
pub(super) fn plan(nodes: &Nodes, layout: Layout) -> RecordingPlan {
    let stated = layout.sets.iter().find_map(|set| set.rate_hz);
    let mut notes = layout.notes;
    let is_blind = |set: &super::layout::Set| set.clock.is_none() && set.rate_hz.is_none() && !set.members.is_empty();
    if layout.sets.iter().any(is_blind) {
        let rate = if layout.is_umi { UMI_RATE_HZ } else { RATE_HZ };
        let text = format!("the recording states no rate; rows are taken as 1/{rate:.5} s apart");
        notes.push(Note::new(NoteKind::TimeInvalid, text.replace(".00000", "")));
    }
    let channels = (0_u32..).zip(&layout.features).map(|(id, feature)| Arc::new(channel(id, feature, stated)));
    let channels: Vec<_> = channels.collect();
    let rows = layout.features.iter().map(|feature| feature.length).fold(0, u64::saturating_add);
    let episodes = layout.episodes.into_iter().map(|episode| SourceEpisode {
        key: episode.key,
        task: episode.task,
        claimed_length: Some(episode.to - episode.from),
        span: None,
        attributes: episode.attributes,
    });
    RecordingPlan {
        format: "zarr".to_owned(),
        profile: Some(format!("v{}", nodes.version)),
        writer: None,
        channels,
        episodes: episodes.collect(),
        span: None,
        claimed_messages: Some(rows),
        attributes: layout.attributes,
        notes,
    }
}

fn channel(id: u32, feature: &Feature, rate_hz: Option<f64>) -> Channel {
    let size = |at: usize| feature.shape.get(at).and_then(|size| u32::try_from(*size).ok());
    let info = |codec, (width, height)| PictureInfo { codec, width, height, config: Vec::new(), fps: rate_hz };
    let picture = match feature.rows {
        Rows::Pixels(view) => Some(info(Codec::Raw(view.format), (Some(view.width), Some(view.height)))),
        Rows::Coded(codec) => Some(info(codec, (size(1), size(0)))),
        Rows::Numbers | Rows::Texts => None,
    };
    Channel {
        id,
        topic: feature.topic.clone(),
        schema_name: "zarr.feature".to_owned(),
        encoding: MessageEncoding::Table,
        fields: Some(fields_of(feature.rows, feature.element)),
        undecodable: None,
        picture,
        names: names_of(&feature.attributes, &feature.shape),
        shape: if feature.shape.is_empty() { vec![1] } else { feature.shape.clone() },
        rate_hz,
        metadata: feature.attributes.clone(),
        claimed_messages: Some(feature.length),
    }
}

/// The names of the elements of a row, where an attribute of the array lists as many.
fn names_of(attributes: &BTreeMap<String, String>, shape: &[u64]) -> Vec<String> {
    let [width] = shape else { return Vec::new() };
    let lists = ["names", "columns", "labels"].iter().filter_map(|key| attributes.get(*key));
    let names = lists.filter_map(|text| serde_json::from_str::<Vec<String>>(text).ok());
    names.into_iter().find(|names| names.len() as u64 == *width).unwrap_or_default()
}
