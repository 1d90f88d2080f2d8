//! Views: queries over the tables that have a name of their own.
//!
//! What they show follows from the tables at a snapshot alone, so that it does not matter what was imported first.

use std::sync::Arc;

use arrow::array::{Array, AsArray, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::common::DataFusionError;
use datafusion::datasource::ViewTable;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::prelude::SessionContext;

/// One view.
struct View {
    name: &'static str,
    select: &'static str,
}

/// Alphabetical; one that another uses is planned as a part of it.
const VIEWS: &[View] = &[LINKS, UNITS_CURRENT];

/// Units of the logs that count, with the confirmation that was made last. Of several at the same time the worst counts, so that
/// the order of import changes nothing. A confirmation says more than the log.
const UNITS_CURRENT: View = View {
    name: "units_current",
    select: "SELECT u.log_id, u.unit, u.station, u.shift, u.robot, u.release, u.worker, u.start_ns, u.end_ns, u.mode, \
             u.outcome AS logged, coalesce(c.outcome, u.confirmed) AS confirmed, c.at_ns AS confirmed_ns, c.confirmed_by, \
             CASE WHEN coalesce(c.outcome, u.confirmed) <> 'unknown' THEN coalesce(c.outcome, u.confirmed) ELSE u.outcome END \
             AS outcome, u.attempts, u.conditions \
             FROM units u JOIN logs l ON u.log_id = l.log_id AND l.current \
             LEFT JOIN (SELECT station, unit, outcome, at_ns, confirmed_by FROM (SELECT c.station, c.unit, c.outcome, c.at_ns, \
             c.confirmed_by, row_number() OVER (PARTITION BY c.station, c.unit ORDER BY c.at_ns DESC NULLS LAST, \
             CASE c.outcome WHEN 'failure' THEN 3 WHEN 'aborted' THEN 2 WHEN 'partial' THEN 1 ELSE 0 END DESC, \
             c.log_id, c.confirmed_by) AS place FROM confirmations c JOIN logs k ON c.log_id = k.log_id AND k.current) \
             WHERE place = 1) c ON u.station = c.station AND u.unit = c.unit",
};

/// Which units and episodes belong together: by the ids that a log or a recording names, else by station, robot and time.
///
/// Times are compared hour by hour (3.6e12 ns), so that no unit is compared with every episode of its station; the pair is kept
/// in the first hour that both share. What claims to last a week or longer has wrong times and is not compared.
const LINKS: View = View {
    name: "links",
    select: "WITH named AS ( \
             SELECT c.log_id, c.station, c.unit, e.episode_id FROM link_claims c JOIN logs l ON c.log_id = l.log_id AND l.current \
             JOIN episodes e ON c.episode = e.episode_id \
             UNION SELECT c.log_id, c.station, c.unit, e.episode_id FROM link_claims c \
             JOIN logs l ON c.log_id = l.log_id AND l.current JOIN episodes e ON c.episode = e.recording_id \
             UNION SELECT c.log_id, c.station, c.unit, e.episode_id FROM link_claims c \
             JOIN logs l ON c.log_id = l.log_id AND l.current JOIN episodes e ON c.episode = e.key \
             AND (e.station IS NULL OR e.station = c.station) WHERE length(e.key) >= 4 \
             UNION SELECT u.log_id, u.station, u.unit, e.episode_id FROM units u \
             JOIN logs l ON u.log_id = l.log_id AND l.current JOIN (SELECT episode_id, station, \
             unnest(named_units(attributes)) AS unit FROM episodes WHERE attributes LIKE '%unit%') e \
             ON u.unit = e.unit AND (e.station IS NULL OR e.station = u.station)), \
             work AS (SELECT DISTINCT u.log_id, u.station, u.unit, u.robot, u.start_ns, u.end_ns FROM units u \
             JOIN logs l ON u.log_id = l.log_id AND l.current WHERE u.end_ns > u.start_ns AND u.end_ns - u.start_ns < 604800000000000), \
             takes AS (SELECT e.episode_id, e.station, e.robot, e.start_ns, e.end_ns FROM episodes e \
             LEFT ANTI JOIN named n ON e.episode_id = n.episode_id WHERE e.dated AND e.station IS NOT NULL \
             AND e.end_ns > e.start_ns AND e.end_ns - e.start_ns < 604800000000000), \
             work_hours AS (SELECT *, unnest(range(start_ns / 3600000000000, end_ns / 3600000000000 + 1)) AS hour FROM work), \
             take_hours AS (SELECT *, unnest(range(start_ns / 3600000000000, end_ns / 3600000000000 + 1)) AS hour FROM takes), \
             near AS (SELECT w.log_id, w.station, w.unit, w.robot AS unit_robot, t.episode_id, t.robot AS episode_robot, \
             least(w.end_ns, t.end_ns) - greatest(w.start_ns, t.start_ns) AS overlap_ns, \
             least(w.end_ns - w.start_ns, t.end_ns - t.start_ns) AS shorter_ns \
             FROM work_hours w JOIN take_hours t ON w.station = t.station AND w.hour = t.hour \
             WHERE w.start_ns < t.end_ns AND t.start_ns < w.end_ns \
             AND (w.robot IS NULL OR t.robot IS NULL OR w.robot = t.robot) \
             AND w.hour = greatest(w.start_ns / 3600000000000, t.start_ns / 3600000000000)), \
             judged AS (SELECT *, min(unit_robot) OVER (PARTITION BY episode_id) AS unit_robot_first, \
             max(unit_robot) OVER (PARTITION BY episode_id) AS unit_robot_last, \
             min(episode_robot) OVER (PARTITION BY station, unit) AS episode_robot_first, \
             max(episode_robot) OVER (PARTITION BY station, unit) AS episode_robot_last FROM near) \
             SELECT log_id, station, unit, episode_id, 'id' AS basis, CAST(NULL AS DOUBLE) AS overlap_s, false AS ambiguous FROM named \
             UNION ALL SELECT log_id, station, unit, episode_id, 'time' AS basis, CAST(overlap_ns AS DOUBLE) / 1e9 AS overlap_s, \
             2 * overlap_ns < shorter_ns \
             OR (episode_robot IS NULL AND coalesce(unit_robot_first <> unit_robot_last, false)) \
             OR (unit_robot IS NULL AND coalesce(episode_robot_first <> episode_robot_last, false)) AS ambiguous FROM judged",
};

/// Makes the views known that a query names, and all of them to one that lists tables.
pub(crate) async fn add_views(context: &SessionContext, sql: &str) -> Result<(), DataFusionError> {
    let sql = sql.to_lowercase();
    let lists = sql.trim_start().starts_with("show") || sql.contains("information_schema");
    for view in VIEWS.iter().filter(|view| lists || sql.contains(view.name)) {
        context.register_udf(ScalarUDF::from(NamedUnits { signature: Signature::any(1, Volatility::Immutable) }));
        let plan = context.state().create_logical_plan(view.select).await?;
        context.register_table(view.name, Arc::new(ViewTable::new(plan, Some(view.select.to_owned()))))?;
    }
    Ok(())
}

/// Attributes of episodes that name units of work, by the last part of their name.
const WORDS: [&str; 5] = ["unit", "unit_id", "unit_of_work", "units", "work_unit"];

/// The units that an episode's attributes name.
fn units_of(attributes: &str) -> Vec<String> {
    let Ok(serde_json::Value::Object(attributes)) = serde_json::from_str(attributes) else { return Vec::new() };
    let mut units: Vec<String> = Vec::new();
    for (name, value) in &attributes {
        let name = name.to_lowercase().replace([' ', '-'], "_");
        let last = name.rsplit('.').next().unwrap_or_default();
        let Some(text) = value.as_str().filter(|_| WORDS.contains(&last)) else { continue };
        let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
        units.extend(parts.map(str::to_owned));
    }
    units.sort();
    units.dedup();
    units
}

/// `named_units(attributes)`: the units of work that an episode's attributes name, as a list.
#[derive(Debug, PartialEq, Eq, Hash)]
struct NamedUnits {
    signature: Signature,
}

impl ScalarUDFImpl for NamedUnits {
    fn name(&self) -> &str {
        "named_units"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let wrong = || DataFusionError::Internal("named_units was given no text".to_owned());
        let column = columns.first().ok_or_else(wrong)?;
        let column = arrow::compute::cast(column, &DataType::Utf8)?;
        let texts = column.as_string_opt::<i32>().ok_or_else(wrong)?;
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..texts.len() {
            if texts.is_valid(row) {
                units_of(texts.value(row)).iter().for_each(|unit| lists.values().append_value(unit));
            }
            lists.append(true);
        }
        Ok(ColumnarValue::Array(Arc::new(lists.finish())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_named_by_the_last_part_of_an_attribute() {
        let units = units_of(
            r#"{"metadata.job.Unit-ID": "00017; 00018", "metadata.calibration.wrench_unit": "N", "marker.unit": "00017", "unit": 3}"#,
        );
        assert_eq!(units, ["00017", "00018"]);
        assert!(units_of("[]").is_empty() && units_of("{").is_empty());
    }

    #[test]
    fn views_are_sorted_and_lower_case() {
        assert!(VIEWS.is_sorted_by_key(|view| view.name));
        assert!(VIEWS.iter().all(|view| view.name == view.name.to_lowercase()));
    }
}
