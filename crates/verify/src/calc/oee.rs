//! `oee`.

use super::{Method, answer};
use crate::stats::oee::{self, Period};

pub(super) const METHOD: Method = Method {
    name: "oee",
    about: "Overall equipment effectiveness that counts autonomous work only.",
    formula: "OEE = availability x effectiveness x quality = PRI x good autonomous units / PBT; assisted time is a loss of availability; never capped",
    source: "ISO 22400-2:2014",
    input: "planned_busy_s: PBT, seconds\nbusy_s: AUBT, seconds\nprocessing_s: AUPT, seconds\nproduction_s: APT with assisted time, seconds\nassisted_s: of the production time, seconds\norder_s: AOET, seconds\nplanned_per_item_s: PRI, seconds\nproduced: PQ, count\nproduced_autonomous: count\ngood: GQ, count\ngood_autonomous: count",
    output: "availability: share\nassistance_loss: share of planned busy time\neffectiveness: ratio, null without production time\nquality_ratio: share, null without units\noee: ratio\noee_with_assistance: ratio, for display\nnet_equipment_effectiveness: ratio, null without units\nallocation_efficiency: ratio\nutilization_efficiency: ratio, null without busy time\nthroughput_per_h: units per hour, null without order time",
    example: (
        r#"{"planned_busy_s": 3600, "busy_s": 3000, "processing_s": 2800, "production_s": 2600, "assisted_s": 200, "order_s": 3200, "planned_per_item_s": 40, "produced": 60, "produced_autonomous": 54, "good": 57, "good_autonomous": 52}"#,
        r#"{"availability":0.6666666666666666,"assistance_loss":0.05555555555555555,"effectiveness":0.9,"quality_ratio":0.9629629629629629,"oee":0.5777777777777777,"oee_with_assistance":0.6333333333333333,"net_equipment_effectiveness":0.6820512820512821,"allocation_efficiency":0.8333333333333334,"utilization_efficiency":0.8,"throughput_per_h":67.5}"#,
    ),
    run: |input| answer(input, |period: Period| oee::effectiveness(&period)),
};
