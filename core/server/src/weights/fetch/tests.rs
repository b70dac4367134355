#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::fs;
use std::sync::mpsc::{Receiver, channel};

use tokio::net::TcpSocket;

use super::*;
use crate::weights::sender::{content, hash, refuse, send, serve, wait};

fn request(folder: &Path, url: &str, sha256: &str) -> Request {
    let (url, sha256) = (format!("{url}/net.pth"), sha256.to_owned());
    Request { url, is_mirror: true, file: folder.join("net.pth"), sha256 }
}

fn fetch(request: Request) -> (Fetch, Receiver<()>) {
    let (bell, hear) = Bell::new();
    (Fetch::start(request, None, bell).unwrap(), hear)
}

/// What came of it; of a failure, its words and what a person is told to do.
fn outcome(request: Request) -> Result<Vec<u8>, String> {
    let (fetch, hear) = fetch(request);
    wait(&hear, "the end", || fetch.has_ended());
    let words = |error: &FetchError| format!("{error}. {}", error.next_step(fetch.progress().0));
    fetch.ended().unwrap().as_ref().map(|()| fs::read(fetch.file()).unwrap()).map_err(words)
}

fn fetched(folder: &Path, url: &str, sha256: &str) -> Result<Vec<u8>, String> {
    outcome(request(folder, url, sha256))
}

#[test]
fn a_connection_that_is_cut_again_and_again_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let url = serve(|stream, from| send(stream, &content(), from, 90_000));
    assert_eq!(fetched(folder.path(), &url, &hash(&content())), Ok(content()));
    assert!(!folder.path().join("net.pth.part").exists());
}

#[test]
fn what_an_earlier_run_left_is_gone_on_with_and_what_is_of_another_file_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (part, file) = (folder.path().join("net.pth.part"), folder.path().join("net.pth"));
    let fetched = |url: &str, sha256: &str| {
        let came = fetched(folder.path(), url, sha256);
        fs::remove_file(&file).ok();
        came
    };
    let url = serve(|stream, from| {
        assert_eq!(from, 100_000, "only the rest is asked for");
        send(stream, &content(), from, usize::MAX);
    });
    fs::write(&part, &content()[..100_000]).unwrap();
    assert_eq!(fetched(&url, &hash(&content())[..8]), Ok(content()));
    let url = serve(|stream, from| send(stream, &content(), from, usize::MAX));
    fs::write(&part, vec![7; 100_000]).unwrap();
    assert_eq!(fetched(&url, &hash(&content())), Ok(content()));
    // Who knows nothing of ranges sends everything again.
    let url = serve(|stream, _| send(stream, &content(), 0, usize::MAX));
    fs::write(&part, &content()[..100_000]).unwrap();
    assert_eq!(fetched(&url, &hash(&content())), Ok(content()));
    // Everything was there already.
    let url = serve(|stream, _| refuse(stream, "416 Range Not Satisfiable", ""));
    fs::write(&part, content()).unwrap();
    assert_eq!(fetched(&url, &hash(&content())), Ok(content()));
}

#[test]
fn a_file_that_changes_between_a_cut_and_its_resume_is_fetched_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (say, asked) = channel();
    let is_first = AtomicBool::new(true);
    let url = serve(move |stream, from| {
        say.send(from).unwrap();
        if is_first.swap(false, Ordering::Relaxed) {
            let before: Vec<u8> = content().into_iter().rev().collect();
            send(stream, &before, from, 90_000);
        } else {
            send(stream, &content(), from, usize::MAX);
        }
    });
    assert_eq!(fetched(folder.path(), &url, &hash(&content())), Ok(content()));
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [0, 90_000, 0]);
}

#[test]
fn another_file_is_refused_and_not_kept_and_nobody_is_told_that_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (say, asked) = channel();
    let url = serve(move |stream, from| {
        say.send(from).unwrap();
        send(stream, &[1; 1000], from, usize::MAX);
    });
    let why = fetched(folder.path(), &url, &hash(&content())[..8]).unwrap_err();
    assert!(why.contains("another file") && why.contains("is not kept"), "{why}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(asked.try_iter().count(), 1, "nothing was gone on with");
}

#[test]
fn a_sender_that_has_no_such_file_is_not_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let (say, asked) = channel();
    let url = serve(move |stream, from| {
        say.send(from).unwrap();
        refuse(stream, "404 Not Found", "");
    });
    let why = fetched(folder.path(), &url, &hash(&content())).unwrap_err();
    assert!(why.contains("404") && why.contains("tried anew"), "{why}");
    // What an earlier run left stays.
    fs::write(folder.path().join("net.pth.part"), [7_u8; 1000]).unwrap();
    let why = fetched(folder.path(), &url, &hash(&content())).unwrap_err();
    assert!(why.contains("404") && why.contains("is kept"), "{why}");
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [0, 1000]);
    assert_eq!(fs::read(folder.path().join("net.pth.part")).unwrap(), [7_u8; 1000]);
}

#[test]
fn nobody_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // Bound, so that nobody else gets it, but nobody listens.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    let why = fetched(folder.path(), &url, "00").unwrap_err();
    assert!(why.contains("tried anew"), "{why}");
}

#[test]
fn nothing_but_https_is_spoken_except_with_a_mirror_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let (say, asked) = channel();
    let url = serve(move |stream, from| {
        say.send(from).unwrap();
        send(stream, &content(), from, usize::MAX);
    });
    // A plugin says so.
    let of_plugin = Request { is_mirror: false, ..request(folder.path(), &url, "00") };
    let why = outcome(of_plugin).unwrap_err();
    assert!(why.contains("https"), "{why}");
    for url in ["http://example.org", "http://127.0.0.1.example.org", "ftp://a b"] {
        let why = fetched(folder.path(), url, "00").unwrap_err();
        assert!(why.contains("https"), "{url}: {why}");
    }
    assert_eq!(asked.try_iter().count(), 0, "nobody was asked");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // A mirror sends elsewhere.
    let lures = serve(move |stream, _| {
        refuse(stream, "302 Found", &format!("Location: {url}/net.pth\r\n"));
    });
    let why = fetched(folder.path(), &lures, &hash(&content())).unwrap_err();
    assert!(why.contains("302"), "{why}");
    assert_eq!(asked.try_iter().count(), 0, "nobody was asked");
}

#[test]
fn two_at_once_do_not_write_into_one_file_and_what_is_there_outlives_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (release, held) = channel::<()>();
    let url = serve(move |stream, from| {
        send(stream, &content(), from, 50_000);
        let _ = held.recv();
    });
    let (first, hear) = fetch(request(folder.path(), &url, &hash(&content())));
    wait(&hear, "the first half", || first.progress().0 >= 50_000);
    let why = fetched(folder.path(), &url, &hash(&content())).unwrap_err();
    assert!(why.contains("another sluice") && !why.contains("is kept"), "{why}");
    drop(first);
    let kept = fs::read(folder.path().join("net.pth.part")).unwrap();
    assert_eq!(kept, content()[..50_000]);
    drop(release);
}

#[test]
fn what_the_fetch_before_brought_to_its_end_is_not_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let (release, held) = channel::<()>();
    let file = folder.path().join("net.pth");
    let predecessor = thread::spawn(move || {
        let _ = held.recv();
        fs::write(file, content()).unwrap();
    });
    let url = serve(|_, _| panic!("nobody is to be asked"));
    let (bell, hear) = Bell::new();
    let request = request(folder.path(), &url, &hash(&content()));
    let fetch = Fetch::start(request, Some(predecessor), bell).unwrap();
    assert!(!fetch.has_ended(), "it waits for the one before");
    drop(release);
    wait(&hear, "the end", || fetch.has_ended());
    assert!(matches!(fetch.ended(), Some(Ok(()))));
}
