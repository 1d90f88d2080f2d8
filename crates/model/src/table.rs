//! Rows of tables, as readers hand them to whoever gives them a meaning.

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing, or a text of nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Nanoseconds since 1970.
    Time(i64),
    /// A text, without blanks around it.
    Text(String),
}

/// One row.
#[derive(Debug)]
pub struct Row<'a> {
    /// Grows when the columns change, so that a place can be looked up once for many rows.
    pub generation: u64,
    /// Names of the columns, as the file writes them.
    pub names: &'a [String],
    /// As many cells as names.
    pub cells: &'a [Cell],
    /// Number of the row in its file, from 1; the line of names does not count.
    pub number: u64,
}
