//! Plugins in a live session: chosen, set, swapped, and breaking the rules while somebody answers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::path::Path;
use std::time::{Duration, Instant};

use app::{Page, Place, TestApp, guests, images};
use serde_json::{Value, json};
use sluice_events::plugin;
use sluice_server::Access;
use tempfile::TempDir;
use uuid::Uuid;

/// A session with a folder of plugins, which is empty at first.
struct Plugged {
    place: Place,
    folder: TempDir,
}

impl Plugged {
    fn new(images: u32) -> Self {
        Self { place: Place::with_images(images), folder: tempfile::tempdir().unwrap() }
    }

    /// Puts a component of the hostile guests into the folder, as another file.
    fn put(&self, guest: &str, file: &str) {
        let from = guests().join(guest).with_extension("wasm");
        std::fs::copy(from, self.folder.path().join(file)).expect("`make plugins` built it");
    }

    async fn serve(&self) -> TestApp {
        let mut options = self.place.options();
        options.plugin_folder = Some(self.folder.path().to_owned());
        options.plugins.deadline_ms = 300;
        options.plugins.memory_mib = 64;
        let service = self.place.service(options).unwrap();
        TestApp::start(service, Access::default()).await
    }
}

async fn choose(page: &mut Page, kind: &str, name: &str) -> Uuid {
    let id = Uuid::new_v4();
    page.send(json!({"type": format!("choose_{kind}"), "id": id, "name": name})).await;
    id
}

async fn set(page: &mut Page, kind: &str, plugin: &str, changes: Value) -> Uuid {
    let (id, kind) = (Uuid::new_v4(), kind.to_owned());
    let set = json!({"type": "set_parameters", "id": id, "kind": kind, "plugin": plugin, "changes": changes});
    page.send(set).await;
    id
}

/// The text of the next notice that says this.
async fn told(page: &mut Page, what: &str) -> String {
    let says = |notice: &Value| notice["text"].as_str().unwrap().contains(what);
    page.until("notice", says).await["text"].as_str().unwrap().to_owned()
}

/// Over all labels.
async fn metric(app: &TestApp, name: &str) -> f64 {
    let (_, _, text) = app.get("/metrics", &[]).await;
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_selector_orders_at_once_and_is_remembered() {
    let place = Place::with_images(30);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.answer(17, "positive").await;
    page.answer(0, "negative").await;
    page.until("queue", |queue| images(queue)[..2] == [7, 27]).await;
    choose(&mut page, "selector", "sequential").await;
    page.until("queue", |queue| images(queue)[..3] == [1, 2, 3]).await;
    page.until("plugins", |plugins| plugins["selector"] == "sequential").await;
    let id = choose(&mut page, "selector", "astrology").await;
    let refused = page.until("refused", |refused| refused["id"] == id.to_string()).await;
    assert!(refused["why"].as_str().unwrap().contains("no selector astrology"));
    page.close().await;
    app.stop().await;
    let app = place.serve().await;
    let mut page = app.page().await;
    assert_eq!(page.next("plugins").await["selector"], "sequential");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_without_weights_is_said_and_answering_goes_on() {
    let place = Place::with_images(10);
    let app = place.serve().await;
    let mut page = app.page().await;
    choose(&mut page, "network", "mobilenet-v3-small").await;
    let notice = page.next("notice").await;
    let text = notice["text"].as_str().unwrap();
    assert!(text.contains("no weights for mobilenet-v3-small"), "{text}");
    assert!(text.contains("so the features in use stay"), "{text}");
    assert_eq!(app.page().await.next("plugins").await["network"], "patches");
    page.answer(1, "positive").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_selector_does_it_is_named_and_answers_go_on_meanwhile() {
    let plugged = Plugged::new(60);
    let crimes = [
        ("traps", "crashed"),
        ("loops", "did not finish within 300 ms"),
        ("hogs", "wanted more than 64 MiB"),
        ("lies", "gave a wrong answer: candidate"),
        ("repeats", "gave a wrong answer: candidate 0 twice"),
        ("refuses", "says: there is no order in this"),
    ];
    for (name, _) in crimes {
        plugged.put(name, &format!("{name}.wasm"));
    }
    let app = plugged.serve().await;
    let mut page = app.page().await;
    page.answer(17, "positive").await;
    page.answer(0, "negative").await;
    page.until("queue", |queue| images(queue)[..2] == [7, 27]).await;
    for ((name, crime), number) in crimes.into_iter().zip(0..) {
        choose(&mut page, "selector", name).await;
        // While it does what it does.
        for image in [20 + number, 30 + number, 40 + number] {
            let sent = Instant::now();
            page.answer(image, "negative").await;
            assert!(sent.elapsed() < Duration::from_secs(30), "an answer waited for {name}");
        }
        let text = told(&mut page, &format!("plugin {name} 0.1.0 {crime}")).await;
        assert!(text.contains("The last ranking stays, and answers go on"), "{text}");
    }
    // The order is the one from before, without what was answered meanwhile.
    page.until("queue", |queue| {
        let answered = |image: &u64| (20..26).chain(30..36).chain(40..46).any(|a| a == *image);
        queue["behind"] == 18
            && images(queue)[..2] == [7, 27]
            && !images(queue).iter().any(answered)
    })
    .await;
    assert!(metric(&app, "sluice_plugin_failures_total").await >= 6.0);
    // A selector that keeps to the rules catches up.
    choose(&mut page, "selector", "max-prob").await;
    page.until("queue", |queue| queue["behind"] == 0 && images(queue)[..2] == [7, 27]).await;
    // The log tells who did what.
    page.close().await;
    app.stop().await;
    for (name, crime) in crimes {
        assert!(in_the_log(&plugged.place, name) && in_the_log(&plugged.place, crime), "{name}");
    }
}

/// Whether a text stands in the events of a session that has ended.
fn in_the_log(place: &Place, text: &str) -> bool {
    let files = std::fs::read_dir(place.session.path().join("log")).unwrap();
    let paths = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut bytes = paths.map(|path| std::fs::read(path).unwrap());
    bytes.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_selector_whose_file_goes_away_is_replaced_by_one_in_the_box() {
    let plugged = Plugged::new(30);
    plugged.put("swaps-new", "mine.wasm");
    let mut options = plugged.place.options();
    options.plugin_folder = Some(plugged.folder.path().to_owned());
    options.selector = "swaps".to_owned();
    let app = TestApp::start(plugged.place.service(options).unwrap(), Access::default()).await;
    let mut page = app.page().await;
    page.answer(17, "positive").await;
    page.answer(0, "negative").await;
    page.until("queue", |queue| queue["behind"] == 0 && images(queue)[..2] == [29, 28]).await;
    std::fs::remove_file(plugged.folder.path().join("mine.wasm")).unwrap();
    let text = told(&mut page, "not there any more").await;
    assert!(text.contains("max-prob orders instead"), "{text}");
    page.until("queue", |queue| images(queue)[..2] == [7, 27]).await;
    // It goes on by itself when the file is back.
    plugged.put("swaps-new", "mine.wasm");
    page.until("queue", |queue| images(queue)[..2] == [29, 28]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_do_not_fit_leave_the_features_in_use_and_learning_goes_on() {
    let plugged = Plugged::new(40);
    plugged.put("bad-graphs", "bad-graphs.wasm");
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../learn/tests/weights/edges.pth");
    let mut options = plugged.place.options();
    options.plugin_folder = Some(plugged.folder.path().to_owned());
    options.weights.named.insert("bad-graphs".to_owned(), weights);
    // The real learner.
    let storage = sluice_log::storage::FsStorage::new(plugged.place.session.path()).unwrap();
    let finding = sluice_pool::find(&options.pool).unwrap();
    let service = sluice_server::Service::open(options, &finding, storage).unwrap();
    let app = TestApp::start(service, Access::default()).await;
    let mut page = app.page().await;
    page.answer(7, "positive").await;
    page.answer(0, "negative").await;
    page.until("training", |training| training["embedded"] == 40).await;
    choose(&mut page, "network", "bad-graphs").await;
    let text = told(&mut page, "The network bad-graphs 0.1.0 can't be used").await;
    assert!(
        text.contains("node 'first' needs first.weight of [8, 3, 3, 3], and it is missing"),
        "{text}"
    );
    assert!(text.contains("So the features in use stay"), "{text}");
    page.answer(1, "negative").await;
    let queue =
        page.until("queue", |queue| queue["behind"] == 0 && !images(queue).contains(&1)).await;
    assert!(queue["items"][0]["probability"].is_number(), "{queue}");
    let mut newcomer = app.page().await;
    assert_eq!(newcomer.next("plugins").await["network"], "patches");
    assert_eq!(newcomer.next("training").await["features"], "patches");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_ranking_is_made_by_another_when_the_chosen_one_fails() {
    let plugged = Plugged::new(20);
    plugged.put("traps", "traps.wasm");
    let mut options = plugged.place.options();
    options.plugin_folder = Some(plugged.folder.path().to_owned());
    options.selector = "traps".to_owned();
    let app = TestApp::start(plugged.place.service(options).unwrap(), Access::default()).await;
    let mut page = app.page().await;
    let text = told(&mut page, "traps 0.1.0 crashed").await;
    assert!(text.contains("Another selector takes over"), "{text}");
    page.until("queue", |queue| queue["ranking"] == 1 && images(queue).len() == 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_plugins_are_named_with_the_reason() {
    let plugged = Plugged::new(10);
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(plugged.folder.path().join(name), bytes).unwrap();
    };
    let whole = std::fs::read(guests().join("swaps-old.wasm")).expect("`make plugins` built it");
    write("a-text.wasm", b"hello");
    write("b-module.wasm", b"\0asm\x01\0\0\0");
    write("c-half.wasm", &whole[..whole.len() / 2]);
    let large = std::fs::File::create(plugged.folder.path().join("d-large.wasm")).unwrap();
    large.set_len(100 << 20).unwrap();
    plugged.put("other-shape", "e-changed.wasm");
    plugged.put("shouts", "f-shouts.wasm");
    let (known, newer) = (b"sluice:selector/selector@0.1.0", b"sluice:selector/selector@0.9.0");
    let mut other = whole.clone();
    while let Some(at) = other.windows(known.len()).position(|window| window == known) {
        other[at..at + newer.len()].copy_from_slice(newer);
    }
    write("g-newer.wasm", &other);
    let app = plugged.serve().await;
    let mut page = app.page().await;
    for (file, reason) in [
        ("a-text.wasm", "is not WebAssembly"),
        ("b-module.wasm", "is a core module; `sluice plugin build` makes a component"),
        ("c-half.wasm", "the file is damaged"),
        ("d-large.wasm", "is larger than 64 MiB"),
        ("e-changed.wasm", "does not fit the published network interface 0.1.0"),
        ("f-shouts.wasm", "a name is lower case letters"),
        ("g-newer.wasm", "speaks version 0.9.0 of the selector interface; this sluice speaks 0.1"),
    ] {
        let text = told(&mut page, file).await;
        assert!(text.contains(reason), "{text}");
    }
    assert!((metric(&app, "sluice_plugin_failures_total").await - 7.0).abs() < 0.5);
    page.answer(1, "positive").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_swapped_under_a_running_session() {
    let plugged = Plugged::new(30);
    let app = plugged.serve().await;
    let mut page = app.page().await;
    page.until("queue", |queue| queue["ranking"].is_number()).await;
    let id = choose(&mut page, "selector", "swaps").await;
    page.until("refused", |refused| refused["id"] == id.to_string()).await;

    plugged.put("swaps-old", "swaps.wasm");
    told(&mut page, "The selector swaps 1.0.0 was loaded and can be chosen").await;
    choose(&mut page, "selector", "swaps").await;
    page.until("queue", |queue| images(queue)[..3] == [0, 1, 2]).await;
    page.answer(1, "positive").await;

    // Another build of the same name orders at once, without an answer.
    plugged.put("swaps-new", "swaps.wasm");
    told(&mut page, "swaps 2.0.0 was loaded").await;
    page.until("queue", |queue| images(queue)[..3] == [29, 28, 27]).await;
    let version = |plugins: &Value| {
        let all = plugins["selectors"].as_array().unwrap().clone();
        all.into_iter().find(|known| known["name"] == "swaps").map(|known| known["version"].clone())
    };
    page.until("plugins", |plugins| version(plugins) == Some(json!("2.0.0"))).await;

    // A broken one changes nothing.
    std::fs::write(plugged.folder.path().join("swaps.wasm"), b"half").unwrap();
    let text = told(&mut page, "swaps.wasm").await;
    assert!(text.contains("What could be chosen before still can"), "{text}");
    page.answer(29, "negative").await;
    page.until("queue", |queue| queue["behind"] == 0 && images(queue)[..2] == [28, 27]).await;

    std::fs::remove_file(plugged.folder.path().join("swaps.wasm")).unwrap();
    told(&mut page, "The selector swaps 2.0.0 is gone with its file").await;
    let text = told(&mut page, "not there any more").await;
    assert!(text.contains("max-prob orders instead"), "{text}");
    page.answer(28, "negative").await;
    page.until("queue", |queue| queue["behind"] == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_checked_set_remembered_and_reset() {
    let plugged = Plugged::new(30);
    let serve = || async {
        let mut options = plugged.place.options();
        let clusters = ("clusters".to_owned(), plugin::Value::Integer(20));
        options.parameters.insert("explore".to_owned(), [clusters].into());
        TestApp::start(plugged.place.service(options).unwrap(), Access::default()).await
    };
    let clusters = |value: u32| {
        move |plugins: &Value| plugins["selector_values"]["clusters"] == json!({"integer": value})
    };
    let app = serve().await;
    let mut page = app.page().await;
    choose(&mut page, "selector", "explore").await;
    let plugins = page.until("plugins", clusters(20)).await;
    assert_eq!(plugins["selector_values"]["considered"], json!({"integer": 1024}));
    assert_eq!(plugins["selector_by_hand"], json!({}));

    for (values, why) in [
        (json!({"clusters": {"integer": 1000}}), "clusters is 2 to 64, not 1000"),
        (json!({"clusters": {"text": "many"}}), "clusters is a whole number"),
        (
            json!({"cluster": {"integer": 3}}),
            "explore has no parameter cluster; it has clusters, considered",
        ),
    ] {
        let id = set(&mut page, "selector", "explore", values).await;
        let refused = page.until("refused", |refused| refused["id"] == id.to_string()).await;
        assert!(refused["why"].as_str().unwrap().contains(why), "{refused}");
    }
    let id = set(&mut page, "network", "explore", json!({})).await;
    let refused = page.until("refused", |refused| refused["id"] == id.to_string()).await;
    assert!(refused["why"].as_str().unwrap().contains("no network explore"), "{refused}");

    let before = page.until("queue", |queue| queue["ranking"].is_number()).await["ranking"].clone();
    set(&mut page, "selector", "explore", json!({"clusters": {"integer": 3}})).await;
    page.until("plugins", clusters(3)).await;
    page.until("queue", |queue| queue["ranking"].as_u64() > before.as_u64()).await;
    page.close().await;
    app.stop().await;

    let app = serve().await;
    let mut page = app.page().await;
    let plugins = page.next("plugins").await;
    assert_eq!(plugins["selector_by_hand"], json!({"clusters": {"integer": 3}}));
    assert!(clusters(3)(&plugins));
    set(&mut page, "selector", "explore", json!({"clusters": null})).await;
    page.until("plugins", clusters(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_a_plugin_can_not_have_are_an_error_at_the_start() {
    let place = Place::with_images(5);
    let refused = |plugin: &str, parameter: &str| {
        let mut options = place.options();
        let value = (parameter.to_owned(), plugin::Value::Integer(1_000_000));
        options.parameters.insert(plugin.to_owned(), [value].into());
        place.service(options).err().expect("refused").to_string()
    };
    assert!(refused("explore", "clusters").contains("clusters is 2 to 64, not 1000000"));
    assert!(refused("explore", "speed").contains("explore has no parameter speed"));
    assert!(refused("explorer", "clusters").contains("there is no plugin explorer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_can_not_be_built_leaves_the_one_in_use() {
    let plugged = Plugged::new(10);
    plugged.put("bad-graphs", "bad-graphs.wasm");
    let app = plugged.serve().await;
    let mut page = app.page().await;
    for (how, said) in [
        ("cycle", "node 'egg': is part of a cycle"),
        ("shapes", "node 'sum': adds 8×32×32 and 9×32×32"),
        ("twins", "node 'sum': two nodes have this name"),
        ("billion", "node 'wide': more than 500000000 parameters"),
        ("nan", "node 'input'"),
    ] {
        set(&mut page, "network", "bad-graphs", json!({"how": {"text": how}})).await;
        let id = choose(&mut page, "network", "bad-graphs").await;
        page.until("ack", |ack| ack["id"] == id.to_string()).await;
        let text = told(&mut page, "The network bad-graphs 0.1.0 can't be used").await;
        assert!(text.contains(said) && text.contains("So the features in use stay"), "{text}");
    }
    // The choice went back by itself.
    let mut newcomer = app.page().await;
    assert_eq!(newcomer.next("plugins").await["network"], "patches");
    page.answer(1, "positive").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_a_network_can_not_have_gives_way_to_the_one_before() {
    let plugged = Plugged::new(10);
    plugged.put("bad-graphs", "bad-graphs.wasm");
    let mut options = plugged.place.options();
    options.plugin_folder = Some(plugged.folder.path().to_owned());
    // This learner reads no weights.
    options.weights.named.insert("bad-graphs".to_owned(), "any".into());
    let app = TestApp::start(plugged.place.service(options).unwrap(), Access::default()).await;
    let mut page = app.page().await;
    choose(&mut page, "network", "bad-graphs").await;
    page.until("plugins", |plugins| plugins["network"] == "bad-graphs").await;
    // In use: a ranking has been made with it.
    page.answer(1, "positive").await;
    page.until("queue", |queue| queue["behind"] == 0).await;
    set(&mut page, "network", "bad-graphs", json!({"how": {"text": "cycle"}})).await;
    let text = told(&mut page, "node 'egg'").await;
    assert!(text.contains("So the features in use stay"), "{text}");
    let mut newcomer = app.page().await;
    let plugins = newcomer.next("plugins").await;
    assert_eq!(plugins["network"], "bad-graphs");
    assert_eq!(plugins["network_values"]["how"], json!({"text": "sound"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_said_and_found_when_it_comes() {
    let plugged = Plugged::new(10);
    let folder = plugged.folder.path().join("later");
    let mut options = plugged.place.options();
    options.plugin_folder = Some(folder.clone());
    let app = TestApp::start(plugged.place.service(options).unwrap(), Access::default()).await;
    let mut page = app.page().await;
    told(&mut page, "can't be listed").await;
    std::fs::create_dir(&folder).unwrap();
    let from: &Path = &guests().join("swaps-old.wasm");
    std::fs::copy(from, folder.join("a.wasm")).unwrap();
    told(&mut page, "swaps 1.0.0 was loaded").await;
}
