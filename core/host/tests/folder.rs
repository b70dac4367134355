//! A folder of plugins that changes while it is looked at.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, SystemTime};

use sluice_host::{Change, Limits, PluginFolder, PluginHost, PluginSet};
use tempfile::TempDir;

fn host() -> PluginHost {
    PluginHost::new(Limits::default(), None).expect("wasmtime runs here")
}

fn component(name: &str) -> Vec<u8> {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/guests");
    fs::read(guests.join(name).with_extension("wasm")).expect("`make plugins` built it")
}

struct Place {
    root: TempDir,
    folder: PluginFolder,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = PluginFolder::new(host(), root.path());
        Self { root, folder }
    }

    fn path(&self) -> PathBuf {
        self.root.path().join("a.wasm")
    }

    /// What the looks say until nothing more happens.
    fn told(&mut self) -> Vec<String> {
        let looks = (0..3).flat_map(|_| self.folder.look_again()).map(|change| match change {
            Change::Loaded(plugin) => format!("loaded {}", plugin.info().name),
            Change::Gone(plugin) => format!("gone {}", plugin.info().name),
            Change::Failed(error) => format!("failed {}", error.plugin.name),
            Change::Unlisted(_) => "unlisted".to_owned(),
        });
        looks.collect()
    }

    fn selectors(&self) -> Vec<String> {
        let mut set = PluginSet::default();
        self.folder.add_to(&mut set);
        set.selectors.iter().map(|plugin| plugin.info().name.clone()).collect()
    }
}

#[test]
fn a_file_comes_changes_breaks_and_goes() {
    let mut place = Place::new();
    assert!(place.told().is_empty());
    fs::write(place.path(), component("lies")).unwrap();
    assert_eq!(place.told(), ["loaded lies"]);
    assert!(place.told().is_empty(), "it is told once");

    fs::write(place.path(), b"not a plugin any more").unwrap();
    assert!(place.told().is_empty(), "it may still be copied");
    let minute_ago = SystemTime::now() - Duration::from_mins(1);
    File::options().append(true).open(place.path()).unwrap().set_modified(minute_ago).unwrap();
    assert_eq!(place.told(), ["failed a.wasm"]);
    assert_eq!(place.selectors(), ["lies"], "the last good one stays");

    fs::write(place.path(), component("traps")).unwrap();
    assert_eq!(place.told(), ["gone lies", "loaded traps"]);
    assert_eq!(place.selectors(), ["traps"]);

    fs::remove_file(place.path()).unwrap();
    assert_eq!(place.told(), ["gone traps"]);
    assert!(place.selectors().is_empty());
}

#[test]
fn the_same_bytes_written_again_are_no_news() {
    let mut place = Place::new();
    fs::write(place.path(), component("lies")).unwrap();
    assert_eq!(place.told(), ["loaded lies"]);
    fs::remove_file(place.path()).unwrap();
    fs::write(place.path(), component("lies")).unwrap();
    assert!(place.told().is_empty());
    assert_eq!(place.selectors(), ["lies"]);
}

#[test]
fn a_file_that_is_still_being_written_is_waited_for() {
    let mut place = Place::new();
    let whole = component("lies");
    for share in 1..=4 {
        fs::write(place.path(), &whole[..whole.len() * share / 4]).unwrap();
        assert_eq!(place.folder.look_again(), Vec::new(), "{share} quarters");
    }
    assert_eq!(place.told(), ["loaded lies"]);
}

#[test]
fn a_copy_that_pauses_is_not_told_to_be_broken() {
    let mut place = Place::new();
    let whole = component("lies");
    fs::write(place.path(), &whole[..whole.len() / 2]).unwrap();
    assert!(place.told().is_empty());
    fs::write(place.path(), whole).unwrap();
    assert_eq!(place.told(), ["loaded lies"]);
}

#[test]
fn a_folder_that_goes_leaves_what_was_loaded_and_may_come_back() {
    let mut place = Place::new();
    fs::write(place.path(), component("lies")).unwrap();
    assert_eq!(place.told(), ["loaded lies"]);
    fs::remove_dir_all(place.root.path()).unwrap();
    assert_eq!(place.told(), ["unlisted"]);
    assert_eq!(place.selectors(), ["lies"]);
    fs::create_dir(place.root.path()).unwrap();
    fs::write(place.path(), component("traps")).unwrap();
    assert_eq!(place.told(), ["gone lies", "loaded traps"]);
}

#[test]
fn only_components_count_and_of_two_of_one_name_the_last() {
    let mut place = Place::new();
    fs::write(place.root.path().join("notes.txt"), "hello").unwrap();
    fs::create_dir(place.root.path().join("folder.wasm")).unwrap();
    fs::write(place.path(), component("lies")).unwrap();
    fs::write(place.root.path().join("b.wasm"), component("lies")).unwrap();
    assert_eq!(place.folder.load().len(), 2);
    let mut set = PluginSet::default();
    place.folder.add_to(&mut set);
    assert!(set.selector("lies").unwrap().path().unwrap().ends_with("b.wasm"));
}

#[test]
fn a_watched_folder_tells_by_itself() {
    let place = Place::new();
    let (path, (tell, told)) = (place.path(), channel());
    let watch = place.folder.watch(move |_, changes| tell.send(changes).unwrap()).unwrap();
    fs::write(path, component("lies")).unwrap();
    let changes = told.recv_timeout(Duration::from_mins(1)).expect("it is noticed");
    assert!(matches!(changes.as_slice(), [Change::Loaded(plugin)] if plugin.info().name == "lies"));
    drop(watch);
    // The thread ends, and with it what it would tell.
    assert_eq!(told.recv_timeout(Duration::from_mins(1)), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn compiled_code_is_kept_and_a_place_that_can_not_be_written_is_no_hindrance() {
    let root = tempfile::tempdir().unwrap();
    let kept = root.path().join("not/yet/there");
    for _ in 0..2 {
        let host = PluginHost::new(Limits::default(), Some(&kept)).unwrap();
        host.load("lies", None, &component("lies")).expect("it loads");
    }
    let files = walk(&kept);
    assert!(files.iter().any(|file| fs::metadata(file).unwrap().len() > 1000), "{files:?}");
    // Rubbish in its place is compiled anew.
    for file in files {
        fs::write(file, b"rubbish").unwrap();
    }
    let host = PluginHost::new(Limits::default(), Some(&kept)).unwrap();
    host.load("lies", None, &component("lies")).expect("it loads");

    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let host = PluginHost::new(Limits::default(), Some(&file)).unwrap();
    host.load("lies", None, &component("lies")).expect("it loads");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is there");
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
