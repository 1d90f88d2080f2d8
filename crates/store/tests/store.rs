//! What a store promises, tried on every store there is.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests look at the files beneath the store")]

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use prairie_model::{Hash256, MemorySource, Source as _};
use prairie_store::{
    Disk, FaultPlan, Faulty, LossyVolume, Memory, ObjectSource, Objects, PathSource, Put, StageError, StoredFile,
    copy_hashed, hash_file, object_key,
};

fn put(objects: &dyn Objects, key: &str, bytes: &[u8]) -> std::io::Result<Put> {
    let mut writer = objects.create()?;
    writer.write_all(bytes)?;
    writer.finish(key)
}

fn get(objects: &dyn Objects, key: &str) -> Vec<u8> {
    let reader = objects.open(key).unwrap();
    let mut bytes = vec![0; reader.len() as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        let n = reader.read_at(filled as u64, &mut bytes[filled..]).unwrap();
        assert_ne!(n, 0);
        filled += n;
    }
    bytes
}

fn stores(dir: &Path) -> Vec<Box<dyn Objects>> {
    vec![
        Box::new(Memory::default()),
        Box::new(Disk::open(&dir.join("disk")).unwrap()),
        Box::new(Faulty::new(Memory::default(), FaultPlan { short: true, seed: 3, ..FaultPlan::default() })),
    ]
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes as u64).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn objects_are_put_once_and_seen_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    for objects in stores(dir.path()) {
        assert_eq!(objects.size("objects/ab/x").unwrap(), None);
        assert_eq!(objects.open("objects/ab/x").err().unwrap().kind(), ErrorKind::NotFound);
        assert_eq!(put(&*objects, "objects/ab/x", b"one").unwrap(), Put::Created);
        assert_eq!(put(&*objects, "objects/ab/x", b"two, longer").unwrap(), Put::Existed);
        assert_eq!(get(&*objects, "objects/ab/x"), b"one");
        let mut abandoned = objects.create().unwrap();
        abandoned.write_all(b"never finished").unwrap();
        drop(abandoned);
        put(&*objects, "objects/aa/y", b"").unwrap();
        put(&*objects, "tables/t/z.parquet", b"zzz").unwrap();
        let keys = |prefix| objects.list(prefix).unwrap().into_iter().map(|object| object.key).collect::<Vec<_>>();
        assert_eq!(keys(""), ["objects/aa/y", "objects/ab/x", "tables/t/z.parquet"]);
        assert_eq!(keys("objects"), ["objects/aa/y", "objects/ab/x"]);
        assert_eq!(keys("nothing"), Vec::<String>::new());
        assert!(objects.delete("objects/ab/x").unwrap());
        assert!(!objects.delete("objects/ab/x").unwrap());
        assert_eq!(objects.size("objects/ab/x").unwrap(), None);
        for key in ["../x", "/x", "a/.hidden", ""] {
            assert_eq!(objects.size(key).err().unwrap().kind(), ErrorKind::InvalidInput, "{key}");
            assert_eq!(put(&*objects, key, b"x").err().unwrap().kind(), ErrorKind::InvalidInput, "{key}");
        }
    }
}

#[test]
fn nothing_is_left_of_what_was_not_finished() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::open(dir.path()).unwrap();
    let mut writer = disk.create().unwrap();
    writer.write_all(&pattern(70 << 20)).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(dir.path().join(".tmp")).unwrap().count(), 0);
    // A killed writer leaves its file; sweeping takes it once it is old enough.
    std::fs::write(dir.path().join(".tmp/left"), b"12345").unwrap();
    assert_eq!(disk.sweep(SystemTime::now() - Duration::from_secs(3600)).unwrap(), 0);
    assert_eq!(disk.sweep(SystemTime::now() + Duration::from_secs(3600)).unwrap(), 5);
    assert_eq!(disk.list("").unwrap(), []);
}

#[test]
fn many_writers_of_one_key_make_one_object() {
    let dir = tempfile::tempdir().unwrap();
    let created = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                // Each with its own disk, as processes have.
                let disk = Disk::open(dir.path()).unwrap();
                for key in 0..20 {
                    let put = put(&disk, &format!("objects/{key:02}/same"), b"same").unwrap();
                    created.fetch_add(u64::from(put == Put::Created), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(created.load(Ordering::Relaxed), 20);
}

#[test]
fn copies_are_named_by_their_content() {
    let dir = tempfile::tempdir().unwrap();
    for size in [0, 1, (1 << 20) - 1, 1 << 20, (9 << 20) + 17] {
        let bytes = pattern(size);
        let source = MemorySource::new([("a.bin".to_owned(), bytes.clone())]);
        for objects in stores(dir.path()) {
            let told = AtomicU64::new(0);
            let progress = |bytes| {
                told.fetch_max(bytes, Ordering::Relaxed);
            };
            let (id, copied) = copy_hashed(&source, 0, &*objects, &progress).unwrap();
            assert_eq!((copied, told.into_inner()), (size as u64, size as u64));
            assert_eq!(id.as_bytes(), Hash256::of(&bytes).as_bytes());
            assert_eq!(hash_file(&source, 0, &|_| {}).unwrap(), (id, size as u64));
            assert_eq!(get(&*objects, &object_key(id)), bytes);
        }
    }
}

#[test]
fn a_large_copy_is_synced_behind() {
    let dir = tempfile::tempdir().unwrap();
    let volume = Arc::new(LossyVolume::default());
    let disk = Disk::on(dir.path(), Arc::clone(&volume) as _).unwrap();
    let bytes = pattern(100 << 20);
    let source = MemorySource::new([("a.bin".to_owned(), bytes.clone())]);
    let (id, _) = copy_hashed(&source, 0, &disk, &|_| {}).unwrap();
    volume.lose().unwrap();
    assert_eq!(Hash256::of(&get(&disk, &object_key(id))).as_bytes(), id.as_bytes());
}

#[test]
fn what_was_acknowledged_survives_the_loss_of_power_at_any_call() {
    let mut acknowledged_some = false;
    for calls in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let volume = Arc::new(LossyVolume::default());
        let disk = Disk::on(dir.path(), Arc::clone(&volume) as _).unwrap();
        volume.fail_after(calls);
        let content = |at: u64| format!("object {at}").into_bytes();
        let mut acknowledged = Vec::new();
        let mut failed = false;
        for at in 0..4 {
            let key = format!("objects/{}/{at}", at % 2);
            match put(&disk, &key, &content(at)) {
                Ok(_) => acknowledged.push((key, content(at))),
                Err(_) => failed = true,
            }
        }
        volume.lose().unwrap();
        let disk = Disk::open(dir.path()).unwrap();
        for (key, bytes) in &acknowledged {
            assert_eq!(get(&disk, key), *bytes, "power lost after {calls} calls");
        }
        for object in disk.list("").unwrap() {
            assert!(object.size == 8, "`{}` has {} bytes: half an object can be seen", object.key, object.size);
        }
        acknowledged_some |= failed && !acknowledged.is_empty();
        if !failed {
            assert_eq!(acknowledged.len(), 4);
            assert!(acknowledged_some && calls > 20, "the switch was thrown in between, at {calls} calls");
            return;
        }
    }
}

#[test]
fn a_volume_that_is_not_synced_loses_everything() {
    // The test of the test: without the syncs above, this is what would be seen.
    use prairie_store::Volume as _;
    let dir = tempfile::tempdir().unwrap();
    let volume = LossyVolume::default();
    let path = dir.path().join("a");
    volume.create_file(&path).unwrap().write_all(b"lost").unwrap();
    volume.lose().unwrap();
    assert!(!path.exists());
    volume.create_file(&path).unwrap().write_all(b"cut").unwrap();
    volume.sync_folder(dir.path()).unwrap();
    volume.lose().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"");
}

#[test]
fn faults_come_out_and_leave_nothing() {
    let bytes = pattern(3 << 20);
    let source = MemorySource::new([("a.bin".to_owned(), bytes)]);
    let mut failures = 0;
    for at in 0..8 {
        let inner = Memory::default();
        let plan = FaultPlan { fail_at: [at].into(), ..FaultPlan::default() };
        let faulty = Faulty::new(inner.clone(), plan);
        if copy_hashed(&source, 0, &faulty, &|_| {}).is_err() {
            failures += 1;
            assert_eq!(inner.list("").unwrap(), [], "fault at {at}");
        }
    }
    assert_eq!(failures, 5, "create, three writes, finish");
    let full = Faulty::new(Memory::default(), FaultPlan { capacity: Some(1 << 20), ..FaultPlan::default() });
    match copy_hashed(&source, 0, &full, &|_| {}) {
        Err(StageError::Store(error)) => assert_eq!(error.kind(), ErrorKind::StorageFull),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.bin");
    std::fs::write(&path, pattern(1000)).unwrap();
    let source = PathSource::open(&path).unwrap();
    assert!(source.unchanged());
    std::fs::write(&path, pattern(1001)).unwrap();
    assert!(!source.unchanged());
    assert_eq!(hash_file(&source, 0, &|_| {}).err().unwrap().kind(), ErrorKind::InvalidData);
    std::fs::write(&path, pattern(999)).unwrap();
    let objects = Memory::default();
    match copy_hashed(&source, 0, &objects, &|_| {}) {
        Err(StageError::Source(error)) => assert_eq!(error.kind(), ErrorKind::InvalidData),
        other => panic!("{other:?}"),
    }
    assert_eq!(objects.list("").unwrap(), []);
}

#[test]
fn a_database_brings_its_log_along() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.db3");
    std::fs::write(&path, b"file").unwrap();
    let paths = || -> Vec<_> {
        PathSource::open(&path).unwrap().files().iter().map(|file| (file.path.clone(), file.size)).collect()
    };
    assert_eq!(paths(), [("run.db3".to_owned(), 4)]);
    std::fs::write(dir.path().join("run.db3-wal"), b"").unwrap();
    assert_eq!(paths(), [("run.db3".to_owned(), 4)], "an empty log adds nothing");
    std::fs::write(dir.path().join("run.db3-wal"), b"log").unwrap();
    assert_eq!(paths(), [("run.db3".to_owned(), 4), ("run.db3-wal".to_owned(), 3)]);
}

#[test]
fn a_folder_is_its_files_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("set");
    for name in ["meta/info.json", "data/chunk-000/b.parquet", "data/chunk-000/a.parquet", ".cache/x", "data/.tmp"] {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, name).unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        std::fs::write(dir.path().join("blob"), b"behind a link").unwrap();
        symlink("../blob", root.join("video.mp4")).unwrap();
        symlink("..", root.join("meta/up")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();
    }
    let source = PathSource::open(&root).unwrap();
    let paths: Vec<_> = source.files().iter().map(|file| file.path.as_str()).collect();
    let mut expected = vec!["data/chunk-000/a.parquet", "data/chunk-000/b.parquet", "meta/info.json"];
    if cfg!(unix) {
        expected.push("video.mp4");
        assert_eq!(source.read_exact(3, 7, 6).unwrap(), b"a link");
    }
    assert_eq!(paths, expected);
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert_eq!(PathSource::open(&empty).err().unwrap().kind(), ErrorKind::NotFound);
}

#[test]
fn more_files_than_may_be_open_are_read() {
    let dir = tempfile::tempdir().unwrap();
    for at in 0..200 {
        std::fs::write(dir.path().join(format!("{at:03}")), format!("{at:03}")).unwrap();
    }
    let source = PathSource::open(dir.path()).unwrap();
    for at in (0..200).chain((0..200).rev()) {
        assert_eq!(source.read_exact(at, 0, 3).unwrap(), format!("{at:03}").as_bytes());
    }
}

#[test]
fn a_stored_recording_reads_like_the_original() {
    let original = MemorySource::new([("b".to_owned(), pattern(5000)), ("a/x".to_owned(), pattern(10))]);
    let objects: Arc<dyn Objects> = Arc::new(Memory::default());
    let mut stored = Vec::new();
    for (at, file) in original.files().iter().enumerate() {
        let (id, size) = copy_hashed(&original, at, &*objects, &|_| {}).unwrap();
        stored.push(StoredFile { path: file.path.clone(), key: object_key(id), size });
    }
    stored.reverse();
    let source = ObjectSource::new(Arc::clone(&objects), stored);
    assert_eq!(source.files(), original.files());
    for (at, file) in original.files().iter().enumerate() {
        assert_eq!(source.read_exact(at, 0, file.size).unwrap(), original.read_exact(at, 0, file.size).unwrap());
        assert!(source.read_exact(at, 1, file.size).is_err());
    }
    objects.delete(&objects.list("").unwrap()[0].key).unwrap();
    assert!(source.read_exact(9, 0, 1).is_err());
}
