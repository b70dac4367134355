#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use sluice_events::network::WeightsFormat;

use super::sender::{content, hash, refuse, send, serve, wait};
use super::*;

fn published(name: &str) -> Weights {
    Weights {
        url: format!("https://example.org/{name}.pth"),
        sha256: hash(&content()),
        format: WeightsFormat::Pytorch,
        renamed: Vec::new(),
    }
}

fn store(folder: Option<&Path>, mirror: &str) -> (WeightsStore, Receiver<()>) {
    let (bell, hear) = Bell::new();
    let (folder, mirror) = (folder.map(Path::to_owned), mirror.to_owned());
    let places = WeightsPlaces { folder, mirror, ..WeightsPlaces::default() };
    (WeightsStore::new(places, bell), hear)
}

/// As the engine does it when a network is chosen: what an earlier choice came to does not count.
fn choose(store: &mut WeightsStore, name: &str) -> Found {
    store.forget_ended();
    store.find(name, Some(&published(name)))
}

fn why(found: Found) -> String {
    match found {
        Found::Missing(why) => why,
        Found::Coming => panic!("they are on their way"),
        Found::File(file) => panic!("they are {}", file.display()),
    }
}

/// As the engine does it: waits as long as they are on their way, then asks what came of it.
fn awaited(store: &mut WeightsStore, hear: &Receiver<()>, name: &str) -> Found {
    wait(hear, "the end", || !store.is_fetching(name));
    store.find(name, Some(&published(name)))
}

#[test]
fn only_plain_names_become_files() {
    assert_eq!(file_name("https://example.org/a/net-1.pth"), Some("net-1.pth"));
    for url in [
        "https://example.org/",
        "https://x/..",
        "https://x/.hidden.pth",
        "https://x/a%2fb.pth",
        "https://x/a?b.pth",
        "x/a\\b.pth",
        "https://x/noend",
    ] {
        assert_eq!(file_name(url), None, "{url}");
    }
}

#[test]
fn why_nothing_is_fetched_is_told_as_it_is() {
    let (mut nowhere, _hear) = store(None, "");
    let told = why(choose(&mut nowhere, "a"));
    assert!(told.contains("no cache folder") && !told.contains("offline"), "{told}");
    let folder = tempfile::tempdir().unwrap();
    let (mut offline, _hear) = store(Some(folder.path()), "");
    offline.places.offline = true;
    let told = why(choose(&mut offline, "a"));
    assert!(told.contains("nothing is fetched offline"), "{told}");
    assert!(told.contains("https://example.org/a.pth"), "{told}");
    // A plugin is no person.
    let (mut online, hear) = store(Some(folder.path()), "");
    let url = serve(|_, _| panic!("nobody is to be asked"));
    let insecure = Weights { url: format!("{url}/a.pth"), ..published("a") };
    assert!(matches!(online.find("a", Some(&insecure)), Found::Coming));
    wait(&hear, "the end", || !online.is_fetching("a"));
    let told = why(online.find("a", Some(&insecure)));
    assert!(told.contains("only https"), "{told}");
}

#[test]
fn a_choice_that_comes_back_while_its_fetch_still_waits_for_the_sender_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let (release, held) = channel::<()>();
    let url = serve(move |stream, from| {
        if from == 0 {
            send(stream, &content(), from, 50_000);
            let _ = held.recv();
        } else {
            send(stream, &content(), from, usize::MAX);
        }
    });
    let (mut store, hear) = store(Some(folder.path()), &url);
    assert!(matches!(choose(&mut store, "a"), Found::Coming));
    let half = |store: &WeightsStore| store.fetching().is_some_and(|f| f.bytes >= 50_000);
    wait(&hear, "the first half", || half(&store));
    // There and back, twice: who was given up may be given up again before it began.
    for name in ["b", "a", "b", "a"] {
        assert!(matches!(choose(&mut store, name), Found::Coming), "{name}");
    }
    // Nobody refused it meanwhile: that would ring at once.
    while hear.try_recv().is_ok() {}
    let _ = hear.recv_timeout(Duration::from_millis(250));
    assert!(store.is_fetching("a"));
    drop(release);
    let Found::File(file) = awaited(&mut store, &hear, "a") else { panic!("they did not come") };
    assert_eq!(fs::read(file).unwrap(), content());
}

#[test]
fn a_failure_is_told_to_who_waited_for_it_and_to_nobody_who_chooses_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (say, has_it) = channel();
    let url = serve(move |stream, from| {
        if has_it.recv() == Ok(true) {
            send(stream, &content(), from, usize::MAX);
        } else {
            refuse(stream, "404 Not Found", "");
        }
    });
    let (mut store, hear) = store(Some(folder.path()), &url);
    assert!(matches!(choose(&mut store, "a"), Found::Coming));
    say.send(false).unwrap();
    // To ask whether they still come changes nothing of what is told of them.
    wait(&hear, "the end", || !store.is_fetching("a"));
    assert!(!store.is_fetching("a") && !store.is_fetching("b"));
    let told = why(awaited(&mut store, &hear, "a"));
    assert!(told.contains("404") && told.contains("tried anew"), "{told}");
    // It fails once more, but something else was chosen meanwhile that needs no fetch.
    assert!(matches!(choose(&mut store, "a"), Found::Coming));
    assert!(store.is_fetching("a"));
    say.send(false).unwrap();
    wait(&hear, "the end", || store.fetching().is_none());
    assert!(matches!(choose(&mut store, "a"), Found::Coming), "it is tried anew");
    say.send(true).unwrap();
    assert!(matches!(awaited(&mut store, &hear, "a"), Found::File(_)));
}
