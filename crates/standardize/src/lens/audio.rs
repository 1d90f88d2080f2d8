//! Sound: `audio_common_msgs` and `foxglove/RawAudio`. It stays in the recording.

use arrow::array::{Array, StringArray};
use prairie_model::StreamKind;

use super::image::frames;
use super::{Input, Lens};
use crate::part::{Part, interleave};

/// One frame per message. Sample rate and channels go beside it when they change.
#[derive(Debug)]
pub(crate) struct Audio;

impl Lens for Audio {
    fn name(&self) -> &'static str {
        "audio"
    }

    fn schemas(&self) -> &'static [&'static str] {
        &["audio_common_msgs/AudioData", "audio_common_msgs/AudioDataStamped", "foxglove/RawAudio"]
    }

    fn convert(&self, input: &Input<'_>) -> Vec<Part> {
        let Some(blobs) = input.blobs("data").or_else(|| input.blobs("audio.data")) else { return Vec::new() };
        let formats = input.texts("format");
        let format = |row: usize| match &formats {
            Some(formats) if formats.is_valid(row) && !formats.value(row).is_empty() => formats.value(row),
            _ => "other",
        };
        let codec = StringArray::from_iter_values((0..blobs.len()).map(format));
        let mut parts = vec![frames(StreamKind::Audio, &blobs, codec).header(input.stamp())];
        if let (Some(rate), Some(channels)) = (input.numbers("sample_rate"), input.numbers("number_of_channels")) {
            let names = vec!["sample_rate".to_owned(), "number_of_channels".to_owned()];
            let value = interleave(&[&rate, &channels]);
            let mut part = input.part(StreamKind::Vector).suffix("format").names(names).with("value", Some(value));
            part.on_change = true;
            parts.push(part);
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lens;
    use serde_json::json;

    #[test]
    fn sound_stays_in_the_recording() {
        assert_eq!(
            lens("audio_common_msgs/msg/AudioDataStamped", "/mic", json!([{"audio": {"data": {"$b": 8}}}])),
            "/mic audio\n  0 codec=\"other\" inner_offset=0 length=8\n1 = 1 + 0 + 0\n"
        );
        let message = json!({"data": {"$b": 8}, "format": "pcm-s16", "sample_rate": 16000, "number_of_channels": 1});
        assert_eq!(
            lens("foxglove.RawAudio", "/mic", json!([message, message])),
            "/mic audio
  0 codec=\"pcm-s16\" inner_offset=0 length=8
  10 codec=\"pcm-s16\" inner_offset=100 length=8
/mic#format vector names=sample_rate,number_of_channels
  0 value=[16000,1]
2 = 2 + 0 + 0
"
        );
    }
}
