//! The verbs, one file each.

mod check;
mod claim;
mod dataset;
mod erase;
mod ingest;
mod ledger;
mod list;
mod map;
mod monitor;
mod plan;
mod protocol;
mod query;
mod receipt;
mod register;
mod repair;
mod report;
mod show;
mod simulate;
mod spec;
mod station_log;
mod upkeep;
mod verdict;
mod witness;

pub use check::check;
pub use claim::{LogShow, assess_claim};
pub use dataset::{DatasetHours, DatasetRecipe, DatasetReport};
pub use ledger::{LedgerCheck, LedgerExport, ledger_verify_files};
pub use map::{
    MapReport, MappedChannel, MappedStream, ShippedLine, map_check, map_init, robot_section, shipped_mapping,
    shipped_mappings,
};
pub use plan::{ChannelPlan, PlanReport, PlansReport, plan};
pub use protocol::ProtocolReport;
pub use query::Rows;
pub use receipt::{LedgerState, ReceiptCheck, SignatureCheck, check_receipt, countersign};
pub(crate) use receipt::{SignedReceipt, saw_pictures};
pub use register::{RegisterEntry, RegisterReport, RegisterVersion, hash_file};
pub use repair::RepairReport;
pub(crate) use repair::profile_of;
pub use report::{ReportCheck, check_report, check_report_with_logs};
pub use simulate::{SimulationReport, simulate_station};
pub use spec::{SpecProblem, SpecReport, SpecRule, spec_check};
pub use station_log::{LinkCount, LogFile, LogReport};
pub use verdict::VerdictReport;
