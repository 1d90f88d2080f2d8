//! The table of a dataset: Arrow streams or Parquet files, piece by piece.

use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use prairie_model::Source;

use super::super::table::Table;
use super::stream::{CONTINUATION, Rows, Stream};
use crate::FormatError;

/// A piece of the table.
pub(super) enum Piece {
    Rows(Rows),
    /// Damage, and the rows that it took where that is known. More may come behind it.
    Damage(FormatError, Option<u64>),
}

/// Which columns are wanted, and which of them are structs.
pub(super) struct Wanted<'a> {
    pub(super) column: &'a dyn Fn(&str) -> bool,
    pub(super) is_struct: &'a dyn Fn(&str) -> bool,
}

fn is_arrow(path: &str) -> bool {
    path.ends_with(".arrow")
}

/// The files of the table, in the order of their paths: those of the folders that have some, or the only file.
pub(super) fn files(source: &dyn Source) -> Vec<usize> {
    let all = source.files();
    if all.len() == 1 && !all[0].path.contains('/') {
        return vec![0];
    }
    let in_folder = |path: &str| {
        let name = path.strip_prefix("train/").or_else(|| path.strip_prefix("data/"));
        // Later versions have Parquet files in chunks of folders.
        name.is_some_and(|name| !name.contains('/') && (is_arrow(name) || name.ends_with(".parquet")))
    };
    let mut files: Vec<usize> = (0..all.len()).filter(|file| in_folder(&all[*file].path)).collect();
    // The same rows may lie there twice, as saved and as they came from the hub.
    if files.iter().any(|file| is_arrow(&all[*file].path)) {
        files.retain(|file| is_arrow(&all[*file].path));
    }
    let folder = |file: &usize| all[*file].path.split('/').next().unwrap_or_default();
    if let Some(first) = files.first().map(|file| folder(file).to_owned()) {
        files.retain(|file| folder(file) == first);
    }
    files
}

/// The first file of the table, if it begins like one.
pub(super) fn first(source: &dyn Source) -> Option<usize> {
    let file = *files(source).first()?;
    let head = source.read_exact(file, 0, 4).ok()?;
    (head == CONTINUATION || (head == *b"PAR1" && source.find(super::dataset::INFO).is_some())).then_some(file)
}

fn is_parquet(source: &dyn Source, file: usize) -> bool {
    source.files().get(file).is_some_and(|file| file.path.ends_with(".parquet"))
}

/// The columns of a file, with lists of one kind only.
pub(super) fn columns(source: &dyn Source, file: usize) -> Result<(Fields, Vec<(String, String)>), FormatError> {
    let plain = |fields: &Fields| -> Fields {
        fields.iter().map(|field| Field::new(field.name(), plain(field.data_type()), true)).collect()
    };
    if is_parquet(source, file) {
        return Ok((plain(Table::open(source, file)?.fields()), Vec::new()));
    }
    let stream = Stream::open(source, file)?;
    Ok((plain(stream.fields()), stream.metadata))
}

/// A type with every list of a fixed or a large size as a list.
pub(super) fn plain(data_type: &DataType) -> DataType {
    let item = |item: &FieldRef| DataType::new_list(plain(item.data_type()), true);
    match data_type {
        DataType::FixedSizeList(inner, _) | DataType::List(inner) | DataType::LargeList(inner) => item(inner),
        other => other.clone(),
    }
}

/// Elements per axis, as far as the type says.
pub(super) fn shape(data_type: &DataType) -> Vec<u64> {
    match data_type {
        DataType::FixedSizeList(inner, size) => {
            let mut axes = vec![u64::from(size.unsigned_abs())];
            axes.extend(shape(inner.data_type()));
            axes
        }
        _ => Vec::new(),
    }
}

/// The shapes of the columns of a file.
pub(super) fn shapes(source: &dyn Source, file: usize) -> Vec<(String, Vec<u64>)> {
    match Stream::open(source, file) {
        Ok(stream) if !is_parquet(source, file) => {
            stream.fields().iter().map(|field| (field.name().clone(), shape(field.data_type()))).collect()
        }
        _ => Vec::new(),
    }
}

/// Calls `take` with each piece of a file.
///
/// # Errors
///
/// Those of `take`, and failures of the source. Damage is a piece.
pub(super) fn pieces<E: From<FormatError>>(
    source: &dyn Source,
    file: usize,
    wanted: &Wanted<'_>,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let damage = |error: FormatError, rows: Option<u64>| match error {
        error @ (FormatError::Damaged { .. } | FormatError::Cut { .. }) => Ok(Piece::Damage(error, rows)),
        other => Err(E::from(other)),
    };
    if is_parquet(source, file) {
        return match Table::open(source, file) {
            Ok(table) => groups(&table, wanted, take, &damage),
            Err(error) => take(damage(error, None)?),
        };
    }
    let mut stream = match Stream::open(source, file) {
        Ok(stream) => stream,
        Err(error) => return take(damage(error, None)?),
    };
    loop {
        match stream.next() {
            Ok(Some(batch)) => match stream.rows(&batch, wanted.column) {
                Ok(rows) => take(Piece::Rows(rows))?,
                Err(error) => take(damage(error, Some(batch.rows))?)?,
            },
            Ok(None) => return Ok(()),
            Err(error) => return take(damage(error, None)?),
        }
    }
}

fn groups<E: From<FormatError>>(
    table: &Table<'_>,
    wanted: &Wanted<'_>,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
    damage: &dyn Fn(FormatError, Option<u64>) -> Result<Piece, E>,
) -> Result<(), E> {
    let leaf = |column: &str| {
        let beside = [".path", ".timestamp"].iter().find_map(|leaf| column.strip_suffix(leaf));
        match beside.filter(|column| (wanted.is_struct)(column)) {
            Some(column) => (wanted.column)(column),
            // The bytes of pictures are pointed to.
            None => (wanted.column)(column) && !(wanted.is_struct)(column),
        }
    };
    for group in 0..table.groups() {
        let pictures = table.fields().iter().map(|field| field.name());
        let pictures = pictures.filter(|name| (wanted.column)(name) && (wanted.is_struct)(name));
        let places: Vec<_> =
            pictures.filter_map(|name| Some((name.clone(), table.embedded(group, name, usize::MAX)?))).collect();
        let mut done = 0;
        let lost = |done: usize| Some(table.rows_of(group).saturating_sub(done as u64));
        let batches = match table.batches(group, leaf) {
            Ok(batches) => batches,
            Err(error) => {
                take(damage(error, lost(0))?)?;
                continue;
            }
        };
        for batch in batches {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    take(damage(table.undecodable(group, &error), lost(done))?)?;
                    break;
                }
            };
            let rows = done..done + batch.num_rows();
            done = rows.end;
            let of_batch = |(name, places): &(String, Vec<_>)| Some((name.clone(), places.get(rows.clone())?.to_vec()));
            let places = places.iter().filter_map(of_batch).collect();
            take(Piece::Rows(Rows { batch, places }))?;
        }
    }
    Ok(())
}
