//! Plugins as the people who write them meet them: made, built, tried, listed, and used in a live session.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use program::{Page, Server, command, make_pool, run};
use serde_json::{Value, json};
use uuid::Uuid;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The components of the examples, which `make examples` built.
fn examples() -> PathBuf {
    repository().join("target/examples")
}

fn guest(name: &str) -> String {
    let guests = repository().join("plugins/target/guests");
    guests.join(name).with_extension("wasm").to_str().unwrap().to_owned()
}

fn said(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(error))
}

fn succeeds(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

fn fails(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    said(&output)
}

fn choose(page: &mut Page, name: &str) {
    let choose = json!({"type": "choose_selector", "id": Uuid::new_v4(), "name": name});
    page.send(&choose).unwrap();
}

/// Waits until a message of a kind is as wanted.
fn until(page: &mut Page, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let message = page.next(kind);
        if wanted(&message) {
            return message;
        }
    }
}

fn version(plugins: &Value, name: &str) -> Option<String> {
    let selectors = plugins["selectors"].as_array().unwrap();
    let found = selectors.iter().find(|selector| selector["name"] == name)?;
    Some(found["version"].as_str().unwrap().to_owned())
}

/// The afternoon of somebody with an idea about the order.
#[test]
fn a_new_selector_is_made_built_tried_used_and_changed_while_it_is_in_use() {
    let place = tempfile::tempdir().unwrap();
    let made = place.path().join("my-order");
    let made = made.to_str().unwrap();
    succeeds(&["plugin", "new", "selector", "my-order", "--dir", made]);
    let built = succeeds(&["plugin", "build", made]);
    assert!(built.contains("my-order.wasm"), "{built}");
    let checked = succeeds(&["plugin", "check", &format!("{made}/my-order.wasm")]);
    assert!(checked.contains("my-order 0.1.0, a selector"), "{checked}");
    assert!(checked.contains("1000000 candidates") && !checked.contains("BROKEN"), "{checked}");

    let (pool, session, plugins) = (place.path().join("pool"), "session", "plugins");
    let folder = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(&pool).unwrap();
    make_pool(&pool, 30);
    fs::create_dir(folder(plugins)).unwrap();
    let (pool, session, plugins) = (folder("pool"), folder(session), folder(plugins));
    let server = Server::spawn(command(&[
        "serve",
        &pool,
        "--session",
        &session,
        "--listen",
        "127.0.0.1:0",
        "--plugins",
        &plugins,
    ]));
    let mut page = server.page();
    succeeds(&["plugin", "build", made, "--into", &plugins]);
    until(&mut page, "plugins", |known| version(known, "my-order") == Some("0.1.0".into()));
    choose(&mut page, "my-order");
    until(&mut page, "plugins", |known| known["selector"] == "my-order");

    // The pool's own order, backwards, in another version.
    let manifest = fs::read_to_string(format!("{made}/Cargo.toml")).unwrap();
    let manifest = manifest.replacen("version = \"0.1.0\"", "version = \"0.2.0\"", 1);
    fs::write(format!("{made}/Cargo.toml"), manifest).unwrap();
    let source = fs::read_to_string(format!("{made}/src/lib.rs")).unwrap();
    let begin = source.find("        let wanted: f64").unwrap();
    let end = source[begin..].find("\n    }").unwrap() + begin;
    let body = "        Ok((0..pool.size()).rev().take(limit).collect())";
    let source = format!("{}{body}{}", &source[..begin], &source[end..]);
    let source = source.replace("NEEDS_MODEL: bool = true", "NEEDS_MODEL: bool = false");
    let source = source.replace(
        "use sluice_plugin::{Pool, Selector, order::smallest_first};",
        "use sluice_plugin::{Pool, Selector};",
    );
    fs::write(format!("{made}/src/lib.rs"), source).unwrap();
    succeeds(&["plugin", "build", made, "--into", &plugins]);
    until(&mut page, "plugins", |known| version(known, "my-order") == Some("0.2.0".into()));
    page.send_answer(29, "positive").unwrap();
    until(&mut page, "queue", |queue| queue["behind"] == 0 && queue["items"][0]["image"] == 28);
}

#[test]
fn a_new_network_is_made_built_and_tried() {
    let place = tempfile::tempdir().unwrap();
    let made = place.path().join("my-network");
    let made = made.to_str().unwrap();
    succeeds(&["plugin", "new", "network", "my-network", "--dir", made]);
    succeeds(&["plugin", "build", made]);
    let checked = succeeds(&["plugin", "check", &format!("{made}/my-network.wasm")]);
    assert!(checked.contains("my-network 0.1.0, a network"), "{checked}");
    assert!(checked.contains("features    64, at node 'features'"), "{checked}");
    assert!(checked.contains("with channels = 512") && !checked.contains("BROKEN"), "{checked}");
}

/// One in Rust and one in Python, in a session with the real learner.
#[test]
fn the_examples_order_a_live_session() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 40);
    let folder = session.path().join("session");
    let (pool, session) = (pool.path().to_str().unwrap(), folder.to_str().unwrap());
    let examples = examples();
    let server = Server::spawn(command(&[
        "serve",
        pool,
        "--session",
        session,
        "--listen",
        "127.0.0.1:0",
        "--plugins",
        examples.to_str().unwrap(),
    ]));
    let mut page = server.page();
    page.send_answer(0, "positive").unwrap();
    page.send_answer(1, "negative").unwrap();
    // The model has scored the pool.
    until(&mut page, "queue", |queue| queue["items"][0]["probability"].is_number());
    for (name, parameters, image) in [
        ("no-twins", json!({"likeness": {"number": 0.5}}), 2),
        ("turns", json!({"share": {"number": 0.25}}), 3),
    ] {
        let set = json!({
            "type": "set_parameters", "id": Uuid::new_v4(), "kind": "selector", "plugin": name,
            "changes": parameters,
        });
        page.send(&set).unwrap();
        choose(&mut page, name);
        until(&mut page, "plugins", |plugins| {
            plugins["selector"] == name && plugins["selector_values"] == parameters
        });
        let answer = page.send_answer(image, "negative").unwrap().to_string();
        let durable = until(&mut page, "ack", |ack| ack["id"] == answer)["seq"].as_u64().unwrap();
        let newest = || {
            let lines = succeeds(&["log", "cat", session, "--type", "RankingMade"]);
            serde_json::from_str::<Value>(lines.lines().last().unwrap()).unwrap()
        };
        // A ranking that knows the answer comes by itself.
        until(&mut page, "queue", |queue| queue["behind"] == 0);
        let ranking = newest();
        assert!(ranking["learned_from"].as_u64().unwrap() >= durable, "{ranking}");
        assert_eq!(ranking["selector"]["name"], name, "{ranking}");
        assert_eq!(ranking["parameters"], parameters, "{ranking}");
    }
    let failed = succeeds(&["log", "cat", session, "--type", "PluginFailed"]);
    assert_eq!(failed, "", "nothing went wrong");
}

#[test]
fn what_breaks_a_rule_is_told_and_is_an_error() {
    let lies = fails(&["plugin", "check", &guest("lies")]);
    assert!(
        lies.contains("BROKEN  orders a pool in which everything is known: gave a wrong answer")
    );
    assert!(lies.contains("lies 0.1.0 breaks 12 rules"), "{lies}");
    let graphs = fails(&["plugin", "check", &guest("bad-graphs"), "--set", "bad-graphs.how=cycle"]);
    assert!(graphs.contains("node 'egg': is part of a cycle"), "{graphs}");
    succeeds(&["plugin", "check", &guest("bad-graphs")]);
    let traps = fails(&["plugin", "check", &guest("traps")]);
    assert!(
        traps.contains("a plugin says: panicked at") && traps.contains("on purpose"),
        "{traps}"
    );
    let other = fails(&["plugin", "check", &guest("other-shape")]);
    assert!(other.contains("does not fit the published network interface 0.1.0"), "{other}");
    let none = fails(&["plugin", "check", "/nowhere/x.wasm"]);
    assert!(none.contains("can't read /nowhere/x.wasm"), "{none}");
    let set = fails(&["plugin", "check", &guest("swaps-old"), "--set", "swaps.speed=3"]);
    assert!(set.contains("swaps has no parameters"), "{set}");
}

#[test]
fn what_there_is_is_listed_with_its_parameters() {
    let examples = examples();
    let examples = examples.to_str().unwrap();
    let listed = succeeds(&["plugin", "list", "--plugins", examples]);
    assert!(listed.contains("explore.clusters") && listed.contains("no-twins 0.1.0 ("), "{listed}");
    let json = succeeds(&["plugin", "list", "--plugins", examples, "--json"]);
    let all: Vec<Value> = serde_json::from_str(&json).unwrap();
    let turns = all.iter().find(|plugin| plugin["name"] == "turns").expect("it is listed");
    assert_eq!((&turns["kind"], &turns["needs_model"]), (&"selector".into(), &true.into()));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("broken.wasm"), "no").unwrap();
    let listed = succeeds(&["plugin", "list", "--plugins", folder.path().to_str().unwrap()]);
    assert!(
        listed.contains("plugin broken.wasm is not a Sluice plugin") && listed.contains("max-prob")
    );
}

#[test]
fn nothing_is_overwritten_and_names_are_names() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("mine.txt"), "mine").unwrap();
    let here = place.path().to_str().unwrap();
    let refused = fails(&["plugin", "new", "selector", "x", "--dir", here]);
    assert!(refused.contains("is not empty, and nothing was written"), "{refused}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    for name in ["Mine", "my order", "1st", "x-", "../x", "patches", "test"] {
        let refused = fails(&["plugin", "new", "selector", name]);
        assert!(refused.contains("can't be a plugin's name"), "{refused}");
    }
    let refused = fails(&["plugin", "build", here]);
    assert!(refused.contains("`sluice plugin new` makes a crate that builds"), "{refused}");
}

#[test]
fn parameters_on_the_command_line_are_checked_before_anything_is_opened() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 3);
    let (pool, session) = (pool.path().to_str().unwrap(), session.path().join("s"));
    let session = session.to_str().unwrap();
    let serve = |set: &str| {
        run(&["serve", pool, "--session", session, "--listen", "127.0.0.1:0", "--set", set])
    };
    let refused = serve("explore.clusters=1000");
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("clusters is 2 to 64, not 1000"), "{}", said(&refused));
    let refused = serve("explore");
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("PLUGIN.PARAMETER=VALUE"), "{}", said(&refused));
}
