//! The list of tables, which is a table itself, and the names of their columns.

use prairie_model::{Note, NoteKind};

use super::btree::Walk;
use super::pager::Pager;
use super::record::Record;
use super::{Fault, Value};

/// Entries of the list that are read: tables and indexes.
const ENTRIES_MAX: usize = 1000;

/// Bytes of one entry.
const ENTRY_MAX: u64 = 1 << 20;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// The page that its tree begins with.
    pub(crate) root: u32,
    columns: Vec<String>,
}

impl Table {
    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }
}

/// The tables of the database.
pub(crate) fn tables(pager: &mut Pager<'_>, notes: &mut Vec<Note>) -> Result<Vec<Table>, Fault> {
    let mut walk = Walk::new(1);
    let (mut tables, mut entries) = (Vec::new(), 0);
    while let Some(cell) = walk.next(pager) {
        entries += 1;
        if entries > ENTRIES_MAX {
            break;
        }
        let payload = cell.and_then(|cell| {
            if cell.length > ENTRY_MAX {
                return Err(Fault::damaged(cell.page_number, format!("an entry has {} bytes", cell.length)));
            }
            pager.payload(&cell)
        });
        match payload {
            Ok(payload) => tables.extend(Record::parse(&payload).and_then(|record| table(pager, &record))),
            Err(Fault::Io(error)) => return Err(Fault::Io(error)),
            // Without the first page there is nothing.
            Err(fault) if tables.is_empty() && matches!(fault, Fault::Damaged { page: 1, .. }) => return Err(fault),
            Err(fault) => {
                let text = format!("a part of the list of tables cannot be read: {fault}");
                notes.push(Note::new(NoteKind::Corrupt, text).in_file(pager.path()));
            }
        }
    }
    Ok(tables)
}

/// The table of an entry of the list; `None` for anything else.
fn table(pager: &Pager<'_>, entry: &Record<'_>) -> Option<Table> {
    let text = |column| match entry.get(column) {
        Value::Text(bytes) => Some(pager.text_decoder()(bytes)),
        _ => None,
    };
    if text(0)? != "table" {
        return None;
    }
    let root = u32::try_from(entry.get(3).integer()?).ok()?;
    Some(Table { name: text(1)?, root, columns: columns(&text(4)?) })
}

/// The names of the columns in `CREATE TABLE x (…)`.
fn columns(sql: &str) -> Vec<String> {
    /// Words that begin a constraint of the table.
    const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
    let (mut names, mut depth, mut wanted) = (Vec::new(), 0_u32, false);
    for token in Tokens(sql) {
        match token {
            Token::Symbol('(') => {
                depth += 1;
                wanted = depth == 1;
            }
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            Token::Symbol(',') if depth == 1 => wanted = true,
            Token::Name(name, quoted) if wanted => {
                wanted = false;
                if !quoted && CONSTRAINTS.iter().any(|word| name.eq_ignore_ascii_case(word)) {
                    break;
                }
                names.push(name.to_owned());
            }
            _ => {}
        }
    }
    names
}

/// A part of a statement: a name, with whether it is quoted, or another sign.
#[derive(Debug, PartialEq)]
enum Token<'a> {
    Name(&'a str, bool),
    Symbol(char),
}

/// Splits a statement, without its comments.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.0 = self.0.trim_start();
            let skipped = if let Some(rest) = self.0.strip_prefix("--") {
                rest.split_once('\n').map_or("", |(_, rest)| rest)
            } else if let Some(rest) = self.0.strip_prefix("/*") {
                rest.split_once("*/").map_or("", |(_, rest)| rest)
            } else {
                break;
            };
            self.0 = skipped;
        }
        let first = self.0.chars().next()?;
        let close = match first {
            '"' | '\'' | '`' => Some(first),
            '[' => Some(']'),
            _ => None,
        };
        let rest = &self.0[first.len_utf8()..];
        if let Some(close) = close {
            // A doubled quote inside of a name is not undone: no name that is looked for has one.
            let (name, rest) = rest.split_once(close).unwrap_or((rest, ""));
            self.0 = rest;
            return Some(Token::Name(name, true));
        }
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        if is_part(first) {
            let end = self.0.find(|letter| !is_part(letter)).unwrap_or(self.0.len());
            // OK to slice: `find` gives where a letter begins.
            let name = &self.0[..end];
            self.0 = &self.0[end..];
            return Some(Token::Name(name, false));
        }
        self.0 = rest;
        Some(Token::Symbol(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns() {
        for (sql, expected) in [
            ("CREATE TABLE messages(id INTEGER PRIMARY KEY,topic_id INTEGER NOT NULL, data BLOB)", "id topic_id data"),
            (
                "CREATE TABLE \"topics\"\n(\n  id INTEGER\n  primary key,\n  name TEXT default \"a,b\" not null\n)",
                "id name",
            ),
            ("CREATE TABLE t ([a b] DECIMAL(5, 2), `c`, -- d,\n e /* , f */, PRIMARY KEY (e, c))", "a b c e"),
            ("CREATE TABLE t (\"check\" TEXT CHECK (length(\"check\") > (1)), b)", "check b"),
            ("CREATE TABLE t AS", ""),
            ("CREATE TABLE t (\"a", "a"),
            ("", ""),
        ] {
            assert_eq!(columns(sql).join(" "), expected, "{sql}");
        }
    }
}
