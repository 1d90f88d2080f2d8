//! What a type of messages looks like: by the bag, or by what is built in.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::encoding::{ros2_common, ros2_types};
use crate::messages::{Schema, Typed};

/// Bytes of all definitions that are kept.
const DEFINITIONS_MAX: usize = 64 << 20;

/// The definitions that the bag holds, by type.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    known: BTreeMap<String, Typed>,
    bytes: usize,
}

impl Definitions {
    /// Takes a row of the table. The first one that says something counts.
    pub(super) fn take(&mut self, name: String, encoding: &str, text: &str) {
        let is_known = matches!(encoding, "ros2msg" | "ros2idl") && !text.trim().is_empty();
        self.bytes = self.bytes.saturating_add(text.len());
        if !is_known || self.known.contains_key(&name) || self.bytes > DEFINITIONS_MAX {
            return;
        }
        let (encoding, data) = (encoding.to_owned(), text.as_bytes().to_vec());
        let schema = Schema { name: name.clone(), encoding, data };
        self.known.insert(name, Typed::By(Arc::new(schema)));
    }

    /// What a type looks like.
    pub(super) fn of(&mut self, name: &str) -> Typed {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let text = self.event(name).or_else(|| built_in(name));
        let typed = match text {
            Some(text) => Typed::By(Arc::new(Schema {
                name: name.to_owned(),
                encoding: "ros2msg".to_owned(),
                data: text.into_bytes(),
            })),
            None => Typed::Undefined(name.into()),
        };
        self.known.insert(name.to_owned(), typed.clone());
        typed
    }

    /// The type of service events, `pkg/srv/Name_Event`, out of the definition of the service: its request and its response stand
    /// in one text, with a line of three dashes between them.
    fn event(&self, name: &str) -> Option<String> {
        let service = name.strip_suffix("_Event")?;
        let Typed::By(schema) = self.known.get(service)? else { return None };
        let text = std::str::from_utf8(&schema.data).ok().filter(|_| schema.encoding == "ros2msg")?;
        event_of(service, text)
    }
}

/// What is built in.
fn built_in(name: &str) -> Option<String> {
    ros2_types::definition(name).or_else(|| ros2_common::definition(name))
}

/// The definition of a service's events.
fn event_of(service: &str, text: &str) -> Option<String> {
    const BAR: &str = "================================================================================";
    let (own, others) = text.split_once(&format!("{BAR}\n")).map_or((text, None), |(own, others)| (own, Some(others)));
    let lines: Vec<_> = own.lines().collect();
    let at = lines.iter().position(|line| line.trim() == "---")?;
    let short = service.replacen("/srv/", "/", 1);
    let (request, response) = (lines[..at].join("\n"), lines[at + 1..].join("\n"));
    let info = built_in("service_msgs/msg/ServiceEventInfo")?;
    let mut event = format!(
        "service_msgs/ServiceEventInfo info\n{short}_Request[<=1] request\n{short}_Response[<=1] response\n\
         {BAR}\nMSG: {short}_Request\n{request}\n{BAR}\nMSG: {short}_Response\n{response}\n\
         {BAR}\nMSG: service_msgs/ServiceEventInfo\n{info}"
    );
    if let Some(others) = others {
        event.push_str(&format!("\n{BAR}\n{others}"));
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{SchemaBytes, decoder};
    use prairie_model::MessageEncoding;

    #[test]
    fn events_of_a_service_come_out_of_its_definition() {
        let mut definitions = Definitions::default();
        let bar = "=".repeat(80);
        let text =
            format!("geometry_msgs/Point a\nint64 b\n---\nint64 sum\n{bar}\nMSG: geometry_msgs/Point\nfloat64 x\n");
        definitions.take("pkg/srv/Add".to_owned(), "ros2msg", &text);
        let Typed::By(schema) = definitions.of("pkg/srv/Add_Event") else { panic!("it is defined") };
        let bytes = SchemaBytes { name: &schema.name, encoding: &schema.encoding, data: &schema.data };
        let decoder = decoder(Some(bytes), &MessageEncoding::Cdr, |_, _| false).expect("a decoder");
        let names: Vec<_> = decoder.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["info", "request", "response"]);
        assert!(matches!(definitions.of("pkg/srv/Other_Event"), Typed::Undefined(_)));
    }

    #[test]
    fn what_the_bag_says_counts_before_what_is_built_in() {
        let mut definitions = Definitions::default();
        definitions.take("std_msgs/msg/String".to_owned(), "unknown", "");
        definitions.take("std_msgs/msg/String".to_owned(), "ros2msg", "string text\n");
        definitions.take("std_msgs/msg/String".to_owned(), "ros2msg", "string other\n");
        let data = |typed| match typed {
            Typed::By(schema) => String::from_utf8(schema.data.clone()).expect("text"),
            other => panic!("{other:?}"),
        };
        assert_eq!(data(definitions.of("std_msgs/msg/String")), "string text\n");
        assert_eq!(data(definitions.of("std_msgs/msg/Float64")), "float64 data\n");
    }
}
