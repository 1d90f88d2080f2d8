//! The register as tables: one row per version of an entry. `current` is the latest of its name; `entry` is all that it says.

use super::{COUNT, FLAG, Shape, TEXT, TIME};

pub(super) const CONSORTIA: Shape = Shape {
    name: "consortia",
    columns: &[
        ("consortium", TEXT, false),
        ("scenario", TEXT, true),
        ("lead", TEXT, true),
        ("members", TEXT, true),
        ("version", COUNT, false),
        ("current", FLAG, false),
        ("entry", TEXT, false),
        ("digest", TEXT, false),
        ("registered_ns", TIME, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.scenario'), json_extract(d.payload, '$.lead'), \
             json_extract(d.payload, '$.members'), d.version, NOT EXISTS (SELECT 1 FROM documents o WHERE o.kind \
             = d.kind AND o.name = d.name AND o.version > d.version AND o.added <= ?1), d.payload, \
             lower(hex(d.digest)), d.created_ns, d.added FROM documents d WHERE d.kind = 'consortium' AND d.added \
             <= ?1 ORDER BY d.name, d.version",
};

pub(super) const MODULES: Shape = Shape {
    name: "modules",
    columns: &[
        ("module", TEXT, false),
        ("kind", TEXT, true),
        ("revision", TEXT, true),
        ("robot", TEXT, true),
        ("maker", TEXT, true),
        ("version", COUNT, false),
        ("current", FLAG, false),
        ("entry", TEXT, false),
        ("digest", TEXT, false),
        ("registered_ns", TIME, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.kind'), json_extract(d.payload, '$.revision'), \
             json_extract(d.payload, '$.robot'), json_extract(d.payload, '$.maker'), d.version, NOT EXISTS \
             (SELECT 1 FROM documents o WHERE o.kind = d.kind AND o.name = d.name AND o.version > d.version AND \
             o.added <= ?1), d.payload, lower(hex(d.digest)), d.created_ns, d.added FROM documents d WHERE d.kind \
             = 'module' AND d.added <= ?1 ORDER BY d.name, d.version",
};

pub(super) const PARTIES: Shape = Shape {
    name: "parties",
    columns: &[
        ("party", TEXT, false),
        ("title", TEXT, true),
        ("role", TEXT, true),
        ("place", TEXT, true),
        ("version", COUNT, false),
        ("current", FLAG, false),
        ("entry", TEXT, false),
        ("digest", TEXT, false),
        ("registered_ns", TIME, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.title'), json_extract(d.payload, '$.role'), \
             json_extract(d.payload, '$.place'), d.version, NOT EXISTS (SELECT 1 FROM documents o WHERE o.kind = \
             d.kind AND o.name = d.name AND o.version > d.version AND o.added <= ?1), d.payload, \
             lower(hex(d.digest)), d.created_ns, d.added FROM documents d WHERE d.kind = 'party' AND d.added <= \
             ?1 ORDER BY d.name, d.version",
};

pub(super) const PEOPLE: Shape = Shape {
    name: "people",
    columns: &[
        ("person", TEXT, false),
        ("stations", TEXT, true),
        ("practice_months", COUNT, true),
        ("version", COUNT, false),
        ("current", FLAG, false),
        ("entry", TEXT, false),
        ("digest", TEXT, false),
        ("registered_ns", TIME, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.stations'), json_extract(d.payload, '$.practice_months'), \
             d.version, NOT EXISTS (SELECT 1 FROM documents o WHERE o.kind = d.kind AND o.name = d.name AND \
             o.version > d.version AND o.added <= ?1), d.payload, lower(hex(d.digest)), d.created_ns, d.added \
             FROM documents d WHERE d.kind = 'person' AND d.added <= ?1 ORDER BY d.name, d.version",
};

pub(super) const RELEASES: Shape = Shape {
    name: "releases",
    columns: &[
        ("release", TEXT, false),
        ("model", TEXT, true),
        ("binary", TEXT, true),
        ("configuration", TEXT, true),
        ("calibration", TEXT, true),
        ("version", COUNT, false),
        ("current", FLAG, false),
        ("entry", TEXT, false),
        ("digest", TEXT, false),
        ("registered_ns", TIME, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.model'), json_extract(d.payload, '$.binary'), \
             json_extract(d.payload, '$.configuration'), json_extract(d.payload, '$.calibration'), d.version, NOT \
             EXISTS (SELECT 1 FROM documents o WHERE o.kind = d.kind AND o.name = d.name AND o.version > \
             d.version AND o.added <= ?1), d.payload, lower(hex(d.digest)), d.created_ns, d.added FROM documents \
             d WHERE d.kind = 'release' AND d.added <= ?1 ORDER BY d.name, d.version",
};

pub(super) const ROBOTS: Shape = Shape {
    name: "robots",
    columns: &[
        ("robot", TEXT, false),
        ("identity", TEXT, true),
        ("country", TEXT, true),
        ("maker_code", TEXT, true),
        ("model_code", TEXT, true),
        ("serial", TEXT, true),
        ("robot_type", TEXT, true),
        ("maker", TEXT, true),
        ("owner", TEXT, true),
        ("version", COUNT, false),
        ("current", FLAG, false),
        ("entry", TEXT, false),
        ("digest", TEXT, false),
        ("registered_ns", TIME, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.identity'), substr(json_extract(d.payload, '$.identity'), \
             1, 2), substr(json_extract(d.payload, '$.identity'), 3, 4), substr(json_extract(d.payload, \
             '$.identity'), 7, 6), substr(json_extract(d.payload, '$.identity'), 13, 17), json_extract(d.payload, \
             '$.robot_type'), json_extract(d.payload, '$.maker'), json_extract(d.payload, '$.owner'), d.version, \
             NOT EXISTS (SELECT 1 FROM documents o WHERE o.kind = d.kind AND o.name = d.name AND o.version > \
             d.version AND o.added <= ?1), d.payload, lower(hex(d.digest)), d.created_ns, d.added FROM documents \
             d WHERE d.kind = 'robot' AND d.added <= ?1 ORDER BY d.name, d.version",
};

pub(super) const SCENARIOS: Shape = Shape {
    name: "scenarios",
    columns: &[
        ("scenario", TEXT, false),
        ("title", TEXT, true),
        ("unit", TEXT, true),
        ("field", TEXT, true),
        ("class", TEXT, true),
        ("user", TEXT, true),
        ("version", COUNT, false),
        ("current", FLAG, false),
        ("entry", TEXT, false),
        ("digest", TEXT, false),
        ("registered_ns", TIME, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.title'), json_extract(d.payload, '$.unit'), \
             json_extract(d.payload, '$.field'), json_extract(d.payload, '$.class'), json_extract(d.payload, \
             '$.user'), d.version, NOT EXISTS (SELECT 1 FROM documents o WHERE o.kind = d.kind AND o.name = \
             d.name AND o.version > d.version AND o.added <= ?1), d.payload, lower(hex(d.digest)), d.created_ns, \
             d.added FROM documents d WHERE d.kind = 'scenario' AND d.added <= ?1 ORDER BY d.name, d.version",
};

pub(super) const STATIONS: Shape = Shape {
    name: "stations",
    columns: &[
        ("station", TEXT, false),
        ("title", TEXT, true),
        ("scenarios", TEXT, true),
        ("site", TEXT, true),
        ("province", TEXT, true),
        ("operator", TEXT, true),
        ("need_met", FLAG, true),
        ("conditions_met", FLAG, true),
        ("standardisation_met", FLAG, true),
        ("economy_met", FLAG, true),
        ("counter_independent", FLAG, true),
        ("version", COUNT, false),
        ("current", FLAG, false),
        ("entry", TEXT, false),
        ("digest", TEXT, false),
        ("registered_ns", TIME, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.title'), json_extract(d.payload, '$.scenarios'), \
             json_extract(d.payload, '$.site'), json_extract(d.payload, '$.province'), json_extract(d.payload, \
             '$.operator'), json_extract(d.payload, '$.criteria.need.met'), json_extract(d.payload, \
             '$.criteria.conditions.met'), json_extract(d.payload, '$.criteria.standardisation.met'), \
             json_extract(d.payload, '$.criteria.economy.met'), json_extract(d.payload, '$.counter.independent'), \
             d.version, NOT EXISTS (SELECT 1 FROM documents o WHERE o.kind = d.kind AND o.name = d.name AND \
             o.version > d.version AND o.added <= ?1), d.payload, lower(hex(d.digest)), d.created_ns, d.added \
             FROM documents d WHERE d.kind = 'station' AND d.added <= ?1 ORDER BY d.name, d.version",
};
