//! A session that is played again, over a real WebSocket: what is said of a moment is what was to be said then, and
//! nothing is written.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use app::{DEADLINE, Page, Place, TestApp, answer_message, images};
use serde::Serialize;
use serde_json::{Value, json};
use sluice_events::message::{HistoryFilter, PROTOCOL};
use sluice_events::{Command, ImageId, codec};
use sluice_log::storage::FsStorage;
use sluice_log::{check, read_records};
use sluice_pool::DecodeLimits;
use sluice_server::{Access, Pace, ReplayOptions, Service};
use sluice_session::{Reel, State};
use tokio::time::timeout;
use uuid::Uuid;

const STANDING: Pace = Pace { playing: false, speed: 1.0 };

/// Answers of all kinds, a correction, undo and redo, another selector.
async fn session() -> Place {
    let place = Place::with_images(30);
    let app = place.serve().await;
    let mut page = app.page().await;
    let answers =
        [(0, "negative"), (3, "negative"), (17, "positive"), (5, "skip"), (7, "positive")];
    for (image, answer) in answers {
        page.answer(image, answer).await;
    }
    for kind in ["undo", "undo", "redo"] {
        let id = page.command(kind).await;
        page.until("ack", |ack| ack["id"] == id.to_string()).await;
    }
    page.answer(0, "positive").await;
    // The one that was taken back comes first, now with what the model thinks of it.
    let is_scored = |queue: &Value| queue["items"][0]["probability"] == 1.0;
    page.until("queue", |queue| queue["behind"] == 0 && is_scored(queue)).await;
    let id = Uuid::new_v4();
    page.send(json!({"type": "choose_selector", "id": id, "name": "sequential"})).await;
    page.until("ack", |ack| ack["id"] == id.to_string()).await;
    let in_order = |queue: &Value| queue["behind"] == 0 && images(queue)[..2] == [7, 1];
    let queue = page.until("queue", in_order).await;
    let mut message = answer_message(id_of(27), 27, "negative");
    message["ranking"] = queue["ranking"].clone();
    page.send(message).await;
    page.until("ack", |ack| ack["id"] == id_of(27).to_string()).await;
    page.until("queue", in_order).await;
    page.close().await;
    app.stop().await;
    place
}

fn id_of(image: u128) -> Uuid {
    Uuid::from_u128(image)
}

/// What the log tells, read by itself: the state at each moment, and when that was.
fn moments(place: &Place) -> Vec<(u64, State)> {
    let storage = FsStorage::existing(place.session.path()).unwrap();
    let mut moments = vec![(0, State::default())];
    for record in read_records(&storage, 0, end(place)) {
        let record = record.unwrap();
        let event = codec::decode(record.event_type, record.schema_version, &record.payload);
        let mut state = moments[record.seq as usize].1.clone();
        state.apply(record.seq, record.time_us, &event.unwrap());
        moments.push((record.time_us, state));
    }
    moments
}

fn end(place: &Place) -> u64 {
    let storage = FsStorage::existing(place.session.path()).unwrap();
    check(&storage, |_| {}).unwrap().unwrap().next_seq()
}

fn service(place: &Place, begin: Option<u64>, pace: Pace) -> Service {
    let storage = FsStorage::existing(place.session.path()).unwrap();
    let options = ReplayOptions {
        folder: Some(place.session.path().to_owned()),
        log_id: "this-log".to_owned(),
        pool: place.pool.path().to_owned(),
        decode: DecodeLimits::default(),
        begin,
        pace,
        longest_pause: Some(Duration::from_secs(5)),
    };
    let reel = Reel::read(storage, end(place)).unwrap();
    Service::replay(options, reel).unwrap()
}

async fn replay(place: &Place, begin: Option<u64>, pace: Pace) -> TestApp {
    TestApp::start(service(place, begin, pace), Access::default()).await
}

/// As a page reads it.
fn as_json(told: &impl Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(told).unwrap()).unwrap()
}

fn without_type(mut message: Value) -> Value {
    message.as_object_mut().unwrap().remove("type");
    message
}

/// What a page that comes at this moment is told.
async fn told(app: &TestApp) -> Value {
    let mut page = app.page().await;
    page.send(json!({"type": "want_history", "count": 50, "filter": "all"})).await;
    page.send(json!({"type": "want_charts", "wanted": true})).await;
    let mut told = serde_json::Map::new();
    for kind in ["queue", "statistics", "history", "charts", "set_aside"] {
        told.insert(kind.to_owned(), without_type(page.next(kind).await));
    }
    let plugins = page.next("plugins").await;
    told.insert("selector".to_owned(), plugins["selector"].clone());
    let training = page.next("training").await;
    told.insert("loss".to_owned(), training["loss"].clone());
    page.close().await;
    Value::Object(told)
}

/// The same from the log alone.
fn to_be_told((now_us, state): &(u64, State)) -> Value {
    let order = state.ranking.as_ref().map(|ranking| ranking.first.clone()).unwrap_or_default();
    let selector = state.selector.as_ref().map_or("max-prob", |selector| &selector.name);
    json!({
        "queue": as_json(&state.queue(&order, 24)),
        "statistics": as_json(&state.statistics(*now_us)),
        "history": as_json(&state.history(HistoryFilter::All, 50)),
        "charts": as_json(&state.charts()),
        "set_aside": as_json(&state.set_aside()),
        "selector": selector,
        "loss": as_json(&state.model.as_ref().map(|model| model.loss)),
    })
}

async fn wish(page: &mut Page, wish: Value) {
    page.send(json!({"type": "replay", "wish": wish})).await;
}

/// Goes to the moment after this event.
async fn seek(page: &mut Page, seq: u64) -> Value {
    wish(page, json!({"seek": seq})).await;
    page.until("replay", |replay| replay["moment"]["seq"] == seq).await
}

/// Every file of a folder, and when it was changed.
fn files(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let changed = path.metadata().unwrap().modified().unwrap();
        if path.is_dir() {
            files.extend(self::files(&path));
            files.insert(path, (changed, Vec::new()));
        } else {
            files.insert(path.clone(), (changed, fs::read(&path).unwrap()));
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn each_moment_is_told_as_it_was_whichever_way_it_is_gone_to() {
    let place = session().await;
    let moments = moments(&place);
    let last = moments.len() as u64 - 1;
    let app = replay(&place, Some(last), STANDING).await;
    let mut hand = app.page().await;
    let there_and_back = (1..=last).rev().chain(2..=last).chain([last / 2, 3, last, 1]);
    for next_seq in there_and_back {
        seek(&mut hand, next_seq - 1).await;
        let wanted = to_be_told(&moments[next_seq as usize]);
        assert_eq!(told(&app).await, wanted, "before event {next_seq}");
    }
    hand.close().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_told_what_is_played_and_begins_before_the_first_look() {
    let place = session().await;
    let moments = moments(&place);
    let app = replay(&place, None, STANDING).await;
    let mut page = app.stranger().await;
    page.send(json!({"type": "hello", "protocol": PROTOCOL, "annotator": "me"})).await;
    let welcome = page.next("welcome").await;
    assert_eq!(welcome["session"], "this-log-replay", "not the session that takes answers");
    assert_eq!((&welcome["model"], &welcome["question"]), (&json!(true), &json!("Is it bright?")));
    let told = welcome["replay"]["moments"].as_array().unwrap();
    let last = moments.len() as u64 - 2;
    assert_eq!((&told[0]["seq"], &told[0]["looks"]), (&json!(0), &json!(0)));
    assert_eq!(told.last().unwrap()["seq"], last);
    assert_eq!(told.last().unwrap()["looks"], 7);
    assert_eq!(told.last().unwrap()["time_us"], moments[last as usize + 1].0);
    let replay = page.next("replay").await;
    assert_eq!((&replay["moment"]["looks"], &replay["given"]), (&json!(0), &json!(null)));
    assert_eq!((&replay["playing"], &replay["speed"]), (&json!(false), &json!(1.0)));
    let next = &replay["next"];
    assert_eq!((&next["image"], &next["answer"]), (&json!(0), &json!("negative")));
    assert_eq!(next["seq"].as_u64(), replay["moment"]["seq"].as_u64().map(|seq| seq + 1));
    page.close().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_are_stepped_through_on_and_back() {
    let place = session().await;
    let app = replay(&place, None, STANDING).await;
    let mut page = app.page().await;
    let mut replays = vec![page.next("replay").await];
    for looks in 1..=7 {
        wish(&mut page, json!({"step": 1})).await;
        let replay = page.until("replay", |replay| replay["moment"]["looks"] == looks).await;
        assert_eq!(replay["given"], replays.last().unwrap()["next"], "what was to come has come");
        replays.push(replay);
    }
    let pictures: Vec<_> = replays.iter().map(|replay| replay["next"]["image"].as_u64()).collect();
    assert_eq!(
        pictures,
        [0, 3, 17, 5, 7, 0, 27].map(Some).into_iter().chain([None]).collect::<Vec<_>>()
    );
    assert_eq!(replays[6]["next"]["probability"], 1.0, "as it was seen");
    for replay in replays.iter().rev().skip(1) {
        wish(&mut page, json!({"step": -1})).await;
        let looks = &replay["moment"]["looks"];
        assert_eq!(&page.until("replay", |back| back["moment"]["looks"] == *looks).await, replay);
    }
    // Before an undo nobody wrote down what was on the screen.
    let moments = moments(&place);
    let undone = moments.iter().position(|(_, state)| !state.undone.is_empty()).unwrap();
    let replay = seek(&mut page, undone as u64 - 2).await;
    assert_eq!((&replay["next"], &replay["moment"]["looks"]), (&json!(null), &json!(5)));
    page.close().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_plays_to_its_end_and_from_there_again() {
    let place = session().await;
    let last = end(&place) - 1;
    let app = replay(&place, None, Pace { playing: true, speed: 1e6 }).await;
    let mut page = app.page().await;
    let at_end =
        |replay: &Value| replay["moment"]["seq"] == last && replay["playing"] == json!(false);
    page.until("replay", at_end).await;
    wish(&mut page, json!({"speed": 0.001})).await;
    page.until("replay", |replay| replay["speed"] == json!(0.001)).await;
    wish(&mut page, json!({"play": true})).await;
    let begun = |replay: &Value| replay["playing"] == true && replay["moment"]["looks"] == 0;
    page.until("replay", begun).await;
    wish(&mut page, json!({"play": false})).await;
    page.until("replay", |replay| replay["playing"] == false).await;
    // Two pages see the same.
    let mut other = app.page().await;
    seek(&mut other, last).await;
    page.until("replay", |replay| replay["moment"]["seq"] == last).await;
    wish(&mut page, json!({"speed": 0})).await;
    let refused = page.next("refused").await;
    assert!(refused["why"].as_str().unwrap().contains("a speed is 0.001 to 1000000"), "{refused}");
    page.close().await;
    other.close().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_whatever_a_page_wants() {
    let place = session().await;
    let before = files(place.session.path());
    let app = replay(&place, None, STANDING).await;
    let mut page = app.page().await;
    let id = Uuid::new_v4();
    let thresholds = json!({"above": 0.5, "below": 0.1});
    let changes = json!({"clusters": {"integer": 3}});
    for message in [
        answer_message(id, 1, "positive"),
        json!({"type": "undo", "id": id}),
        json!({"type": "redo", "id": id}),
        json!({"type": "choose_selector", "id": id, "name": "random"}),
        json!({"type": "choose_network", "id": id, "name": "resnet18"}),
        json!({"type": "set_parameters", "id": id, "kind": "selector", "plugin": "explore", "changes": changes}),
        json!({"type": "finish", "id": id, "thresholds": thresholds}),
        json!({"type": "revoke", "id": id, "bulk": 1}),
    ] {
        page.send(message.clone()).await;
        let refused = page.next("refused").await;
        assert_eq!(refused["why"], "this is a replay: nothing is written", "{message}");
        assert_eq!((&refused["id"], &refused["retry"]), (&json!(id), &json!(false)), "{message}");
    }
    // Pictures come from where they are; those that are not there are told of, and nobody sets them aside.
    assert_eq!(app.get("/images/3", &[]).await.0, 200);
    fs::remove_file(place.pool.path().join("0003.png")).unwrap();
    fs::write(place.pool.path().join("0004.png"), b"no picture").unwrap();
    let (status, _, text) = app.get("/images/3", &[]).await;
    assert_eq!(status, 404, "{}", String::from_utf8_lossy(&text));
    assert_eq!(app.get("/images/4", &[]).await.0, 422);
    page.send(json!({"type": "unreadable", "image": 4})).await;
    for seq in [3, 9, 1] {
        seek(&mut page, seq).await;
    }
    // The clock tells where it goes; the state follows.
    let begun = Instant::now();
    loop {
        let (_, _, statistics) = app.get("/api/statistics", &[]).await;
        let statistics: Value = serde_json::from_slice(&statistics).unwrap();
        assert_eq!(statistics["set_aside"], 0);
        if statistics["next_seq"] == 2 {
            break;
        }
        assert!(begun.elapsed() < DEADLINE, "{statistics}");
    }
    assert_eq!(app.get("/metrics", &[]).await.0, 200);
    assert_eq!(app.get("/readyz", &[]).await.0, 200);
    page.close().await;
    app.stop().await;
    assert!(files(place.session.path()) == before, "a file of the session was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn which_files_were_set_aside_is_told_also_where_there_were_as_many() {
    let place = Place::with_images(5);
    let live = place.service(place.options()).unwrap();
    let aside =
        |image: u32| Command::SetAside { image: ImageId(image), reason: "is torn".to_owned() };
    let again = Command::Restore { image: ImageId(1), bytes: 100 };
    let session = live.session.clone();
    let seqs =
        [aside(1), again, aside(2)].map(|command| session.command_blocking(command).unwrap().seq);
    // It ends also for those who hold on to it.
    closed(live).await;
    let app = replay(&place, None, STANDING).await;
    let mut page = app.page().await;
    for (seq, path) in [(seqs[0], "0001.png"), (seqs[2], "0002.png"), (seqs[0], "0001.png")] {
        wish(&mut page, json!({"seek": seq})).await;
        let told = page.until("set_aside", |aside| aside["files"][0]["path"] == path).await;
        assert_eq!(told["total"], 1);
    }
    page.close().await;
    app.stop().await;
}

async fn closed(service: Service) {
    let close = tokio::task::spawn_blocking(|| service.close());
    timeout(Duration::from_secs(30), close).await.expect("it does not end").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_also_where_somebody_holds_on_to_it() {
    let place = session().await;
    let service = service(&place, None, STANDING);
    let session = service.session.clone();
    closed(service).await;
    assert!(session.read(|view| view.state.next_seq).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_replayed_beside_its_server_up_to_where_it_was() {
    let place = session().await;
    let live = place.serve().await;
    let mut page = live.page().await;
    let app = replay(&place, None, STANDING).await;
    page.answer(9, "positive").await;
    let mut replayed = app.page().await;
    wish(&mut replayed, json!({"seek": 1_000_000})).await;
    // What came later is not there.
    let ended = |replay: &Value| replay["moment"]["looks"] == 7 && replay["next"] == json!(null);
    replayed.until("replay", ended).await;
    // A session that takes answers is not played.
    wish(&mut page, json!({"play": true})).await;
    let refused = page.next("refused").await;
    assert!(refused["why"].as_str().unwrap().contains("no replay"), "{refused}");
    page.answer(11, "negative").await;
    page.close().await;
    replayed.close().await;
    app.stop().await;
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_a_look_is_shown_at_its_end() {
    let place = Place::with_images(3);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.until("queue", |queue| images(queue).len() == 3).await;
    page.close().await;
    app.stop().await;
    let app = replay(&place, None, STANDING).await;
    let mut page = app.page().await;
    let replay = page.next("replay").await;
    assert_eq!(replay["moment"]["seq"], end(&place) - 1);
    assert_eq!((&replay["given"], &replay["next"]), (&json!(null), &json!(null)));
    // Before the session had begun there is nothing to go to.
    let replay = seek(&mut page, 0).await;
    assert_eq!(replay["moment"]["looks"], 0);
    page.close().await;
    app.stop().await;
}
