//! Our objects as DataFusion reads them.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    self, Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use prairie_store::{ObjectReader, Objects};

/// Objects that are kept open: queries read the same files again and again.
const OPEN_OBJECTS: usize = 256;

/// A read-only view of [`Objects`]. Reads block: they come from the page cache of this machine, and each is short.
pub(crate) struct Bridge {
    objects: Arc<dyn Objects>,
    open: Mutex<Vec<(String, Arc<dyn ObjectReader>)>>,
}

impl Bridge {
    pub(crate) fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects, open: Mutex::default() }
    }

    /// Forgets open objects, so that erased bytes are freed.
    pub(crate) fn forget(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn reader(&self, location: &Path) -> object_store::Result<Arc<dyn ObjectReader>> {
        // The list stays whole when a thread panics while it holds the lock: pushes and removes are single steps.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = open.iter().rposition(|(key, _)| key == location.as_ref()) {
            return Ok(Arc::clone(&open[at].1));
        }
        let reader: Arc<dyn ObjectReader> =
            self.objects.open(location.as_ref()).map_err(|source| failed(location, source))?.into();
        if open.len() >= OPEN_OBJECTS {
            open.remove(0);
        }
        open.push((location.to_string(), Arc::clone(&reader)));
        Ok(reader)
    }

    fn read(&self, location: &Path, range: &Range<u64>) -> object_store::Result<Bytes> {
        let reader = self.reader(location)?;
        let length = range.end.min(reader.len()).saturating_sub(range.start);
        let length = usize::try_from(length).map_err(|error| failed(location, io::Error::other(error)))?;
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match reader.read_at(range.start + filled as u64, &mut bytes[filled..]) {
                Ok(0) => return Err(failed(location, io::ErrorKind::UnexpectedEof.into())),
                Ok(n) => filled += n,
                Err(source) => return Err(failed(location, source)),
            }
        }
        Ok(bytes.into())
    }
}

fn failed(location: &Path, source: io::Error) -> object_store::Error {
    let path = location.to_string();
    if source.kind() == io::ErrorKind::NotFound {
        return object_store::Error::NotFound { path, source: Box::new(source) };
    }
    object_store::Error::Generic { store: "prairie", source: Box::new(source) }
}

fn read_only<T>() -> object_store::Result<T> {
    Err(object_store::Error::NotImplemented { operation: "anything but reading".into(), implementer: "prairie".into() })
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bridge").field(&self.objects).finish()
    }
}

impl fmt::Display for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("prairie")
    }
}

#[async_trait]
impl ObjectStore for Bridge {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> object_store::Result<PutResult> {
        read_only()
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        read_only()
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let size = self.reader(location)?.len();
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: Default::default(),
            size,
            e_tag: None,
            version: None,
        };
        let range = match &options.range {
            None => 0..size,
            Some(range) => range.as_range(size).map_err(|error| failed(location, io::Error::other(error)))?,
        };
        let bytes = if options.head { Bytes::new() } else { self.read(location, &range)? };
        let payload = GetResultPayload::Stream(futures_util::stream::once(async { Ok(bytes) }).boxed());
        Ok(GetResult { payload, meta, range, attributes: Attributes::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> object_store::Result<Vec<Bytes>> {
        ranges.iter().map(|range| self.read(location, range)).collect()
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        futures_util::stream::once(async { read_only() }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        futures_util::stream::once(async { read_only() }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> object_store::Result<ListResult> {
        read_only()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> object_store::Result<()> {
        read_only()
    }
}
