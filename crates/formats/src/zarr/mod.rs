//! Zarr stores of versions 2 and 3, as folders and as ZIP archives: the replay buffers of diffusion policy and UMI, and others.
//!
//! ```text
//!   folder, or ZIP archive ─ store ─▶ descriptions ─ nodes ─▶ arrays ─ layout ─▶ features and episodes ─▶ plan
//!   chunk ─ codec ─▶ bytes of elements ─ array ─▶ rows ─ read ─▶ batches of numbers, texts, places of pictures ─▶ EpisodeEnd
//! ```
//!
//! Rows along the first axis belong together over all arrays of a group. `meta/episode_ends` cuts them into episodes, of the arrays
//! in `data`; without it a group of arrays of one length is an episode. Arrays of `[rows, height, width, channels]` are pictures,
//! and stay where they are: a place names the array and the picture's offset among its pixels ([`Compression::Zarr`]). A chunk that
//! is a JPEG, PNG or JPEG XL by itself is its own place.
//!
//! A folder may have a hundred thousand chunks, each a file. The plan opens descriptions only; chunks are known by their names.
//!
//! What it does *not* do: elements of several fields, complex numbers, objects of Python, the codecs bzip2 and LZMA, grids that are
//! not regular, shards in shards. An array of such is told, and the others are read.
//!
//! **Invariant:** a chunk becomes no more bytes than its array says, and that is bounded ([`meta`]); what no chunk holds costs
//! nothing until it is delivered.
//!
//! [`Compression::Zarr`]: prairie_model::Compression::Zarr

mod array;
mod blosc;
mod clock;
mod codec;
mod layout;
mod meta;
mod nodes;
mod picture;
mod plan;
mod read;
mod store;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use prairie_model::{BlobRef, ReadEvent, ReadOptions, ReadSummary, RecordingPlan, Source};

use crate::zip;
use crate::{FormatError, FormatPage, Reader};
use array::{Array, Cache};
use layout::Layout;
use nodes::Nodes;
use picture::{Pictures, View};
use store::Store;

/// The descriptions that make a folder a store.
const MARKS: [&str; 4] = [".zarray", ".zgroup", ".zmetadata", "zarr.json"];

/// Bytes of an archive's directory that are looked at, from its beginning.
const LOOKED_AT: u64 = 1 << 18;

/// Reads Zarr stores.
#[derive(Debug, Clone, Copy)]
pub struct Zarr;

impl Reader for Zarr {
    fn name(&self) -> &'static str {
        "zarr"
    }

    fn describe(&self) -> &'static str {
        "Zarr v2 and v3 stores, such as the replay buffers of diffusion policy and UMI (a folder, or a ZIP archive of one)"
    }

    fn page(&self) -> &'static FormatPage {
        &FormatPage {
            recognised: "a folder or a ZIP archive with `.zgroup`, `.zarray`, `.zmetadata` or `zarr.json`",
            carries: &[
                "versions 2 and 3; replay buffers of diffusion policy and UMI with episodes by `meta/episode_ends`; groups of arrays as episodes",
                "Blosc, zstd, gzip, zlib, LZ4; the filters delta, shuffle, fixed scale, packed bits, quantize and checksums; shards",
                "pictures raw or as JPEG XL, JPEG and PNG, left where they are",
            ],
            limits: &[
                "arrays with bzip2, LZMA or other codecs, of several fields, complex numbers or objects are told one by one",
                "grids that are not regular and shards in shards are not read",
            ],
        }
    }

    fn claims(&self, source: &dyn Source) -> bool {
        if store::is_zip(source) {
            return archive_has_marks(source).unwrap_or(false);
        }
        MARKS.iter().any(|mark| source.find(mark).is_some())
    }

    fn plan(&self, source: &dyn Source, _options: &ReadOptions) -> Result<RecordingPlan, FormatError> {
        let store = Store::open(source)?;
        let nodes = Nodes::load(&store)?;
        let layout = Layout::new(&store, &nodes)?;
        Ok(plan::plan(&nodes, layout))
    }

    fn read(
        &self,
        source: &dyn Source,
        plan: &RecordingPlan,
        options: &ReadOptions,
        sink: &mut dyn FnMut(ReadEvent) -> ControlFlow<()>,
    ) -> Result<ReadSummary, FormatError> {
        read::read(source, plan, options, sink)
    }
}

/// Whether the first entries of an archive's directory are of a store.
fn archive_has_marks(source: &dyn Source) -> Option<bool> {
    let (offset, length) = zip::directory(source, 0).ok()?;
    let head = source.read_exact(0, offset, length.min(LOOKED_AT)).ok()?;
    Some(MARKS.iter().any(|mark| head.windows(mark.len()).any(|window| window == mark.as_bytes())))
}

/// Arrays of pictures that a gallery keeps open.
const OPEN_MAX: usize = 32;

/// The pictures of a store, for whoever has places of them ([`prairie_model::Compression::Zarr`]).
pub(crate) struct Gallery<'a> {
    store: Store<'a>,
    /// By the places of their descriptions; `None` where no array of pictures is described.
    open: BTreeMap<(u32, u64), Option<(Array, Pictures)>>,
    cache: Cache,
    /// Arrays that were opened so far.
    count: usize,
}

impl<'a> Gallery<'a> {
    /// A gallery over a store, which keeps at most `room` bytes of chunks, or one chunk where that is larger.
    pub(crate) fn open(source: &'a dyn Source, room: usize) -> Result<Self, FormatError> {
        Ok(Self { store: Store::open(source)?, open: BTreeMap::new(), cache: Cache::with_room(room), count: 0 })
    }

    /// The pixels that a place points to.
    ///
    /// # Errors
    ///
    /// When the place is of no picture, its chunk is damaged, or the source fails.
    pub(crate) fn read(&mut self, blob: &BlobRef) -> Result<Vec<u8>, FormatError> {
        let place = (blob.file, blob.chunk_offset);
        if !self.open.contains_key(&place) {
            if self.open.len() >= OPEN_MAX {
                self.open.clear();
            }
            self.count += 1;
            let array = Nodes::array_at(&self.store, blob.file as usize, blob.chunk_offset).and_then(|(path, meta)| {
                let view = View::of(&meta, &path)?;
                Some((Array::new(&self.store, &meta, &path, self.count), Pictures::new(view)))
            });
            self.open.insert(place, array);
        }
        let source = self.store.source;
        let wrong = |why: &str| FormatError::Damaged {
            what: "a blob",
            file: source.files().get(blob.file as usize).map(|file| file.path.clone()).unwrap_or_default(),
            offset: blob.chunk_offset,
            why: why.to_owned(),
        };
        let Some(Some((array, pictures))) = self.open.get_mut(&place) else {
            return Err(wrong("no array of pictures is described there"));
        };
        let bytes = (pictures.view.bytes() as u64).max(1);
        let row = blob.inner_offset / bytes;
        if blob.length != bytes || !blob.inner_offset.is_multiple_of(bytes) || row >= array.meta.rows() {
            return Err(wrong("it is no picture of its array"));
        }
        pictures.read(&self.store, array, &mut self.cache, row)
    }
}
