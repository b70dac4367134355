//! The whole loop without a browser: folders' names answer, the real learner orders.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::path::Path;
use std::process::Output;

use image::{Rgb, RgbImage};
use program::run;
use serde_json::{Value, json};

/// Upright stripes are the rare class, lying ones the common.
fn stripes(folder: &Path) {
    for number in 0..150_u32 {
        let upright = number % 10 == 3;
        let class = if upright { "upright" } else { "lying" };
        std::fs::create_dir_all(folder.join(class)).unwrap();
        let picture = RgbImage::from_fn(32, 32, |x, y| {
            let along = if upright { x } else { y };
            let noise = (x * 31 + y * 17 + number * 101) * 7919 % 50;
            let value = if (along / 3 + number) % 2 == 0 { 40 } else { 190 };
            Rgb([(value + noise) as u8; 3])
        });
        picture.save(folder.join(class).join(format!("{number:03}.png"))).unwrap();
    }
}

/// What a simulation of one seed told.
fn only_run(output: &Output) -> Value {
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["runs"].as_array().unwrap().len(), &told["together"]["runs"]),
        (&1, &json!(1))
    );
    told["runs"][0].clone()
}

#[test]
fn the_positives_are_found_long_before_chance_would() {
    let pool = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    stripes(pool.path());
    let (pool, to) = (pool.path().to_str().unwrap(), out.path().to_str().unwrap());
    let output =
        run(&["simulate", pool, "--positive", "upright", "--looks", "60", "--out", to, "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = only_run(&output);
    assert_eq!((&summary["images"], &summary["positives"]), (&150.into(), &15.into()));
    // Chance would have found six of the fifteen.
    assert!(summary["found"].as_u64().unwrap() >= 14, "{summary}");
    let curve = std::fs::read_to_string(out.path().join("curve.csv")).unwrap();
    assert_eq!(curve.lines().count(), 61);
    assert!(curve.lines().last().unwrap().starts_with(&format!("60,{},", summary["found"])));
}

#[test]
fn with_an_example_the_first_look_is_a_positive_and_a_bad_one_is_refused() {
    let pool = tempfile::tempdir().unwrap();
    stripes(pool.path());
    let example = tempfile::tempdir().unwrap();
    let picture = example.path().join("what I look for.png");
    std::fs::copy(pool.path().join("upright/003.png"), &picture).unwrap();
    std::fs::remove_file(pool.path().join("upright/003.png")).unwrap();
    let (pool, picture) = (pool.path().to_str().unwrap(), picture.to_str().unwrap());
    let common = ["simulate", pool, "--positive", "upright", "--looks", "1", "--json"];
    let output = run(&[&common[..], &["--example", picture]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(only_run(&output)["found"], 1);
    std::fs::write(picture, b"rubbish").unwrap();
    let output = run(&[&common[..], &["--example", picture]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the example") && said.contains("what I look for.png"), "{said}");
}

#[test]
fn several_seeds_with_fewer_positives_and_slips_are_measured_together() {
    let pool = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    stripes(pool.path());
    let (pool, to) = (pool.path().to_str().unwrap(), out.path().to_str().unwrap());
    let runs = ["--positive", "upright", "--positives", "8", "--flip", "0.2", "--seeds", "2"];
    let how = ["--selector", "random", "--background", "off", "--out", to, "--json"];
    let output = run(&[&["simulate", pool][..], &runs, &how].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let summaries = told["runs"].as_array().unwrap();
    assert_eq!((summaries.len(), &told["together"]["runs"]), (2, &json!(2)));
    for (summary, seed) in summaries.iter().zip([1, 2]) {
        let counts = ["seed", "images", "positives", "looks", "found"].map(|key| &summary[key]);
        assert_eq!(json!(counts), json!([seed, 143, 8, 143, 8]));
        // Every positive was shown in the end, whatever was answered.
        assert!(summary["looks_to"]["99"].as_u64() >= Some(8), "{summary}");
        let curve = out.path().join(format!("seed-{seed}/curve.csv"));
        let curve = std::fs::read_to_string(curve).unwrap();
        let wrong = curve.lines().skip(1).filter(|line| {
            let columns: Vec<&str> = line.split(',').collect();
            columns[4] != columns[5]
        });
        assert!((10..50).contains(&wrong.count()), "a fifth of the answers is wrong");
    }
    // The median of two is the mean of both.
    let first: Vec<f64> =
        summaries.iter().filter_map(|summary| summary["looks_to"]["50"].as_f64()).collect();
    let median = &told["together"]["looks_to"]["50"]["median"];
    assert_eq!(median.as_f64(), Some(f64::midpoint(first[0], first[1])), "{told}");
    assert!(told["together"]["atd"]["median"].is_f64(), "all were found: {told}");
    let kept = std::fs::read_to_string(out.path().join("together.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), told["together"]);
    let picture = std::fs::read_to_string(out.path().join("curves.svg")).unwrap();
    assert!(picture.contains("upright, random, median of 2 seeds") && picture.contains("chance"));
    let again = ["--compare", to, "--looks", "5", "--background", "off"];
    let further = tempfile::tempdir().unwrap();
    let out = ["--positive", "upright", "--out", further.path().to_str().unwrap()];
    let output = run(&[&["simulate", pool][..], &out, &again].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let picture = std::fs::read_to_string(further.path().join("curves.svg")).unwrap();
    assert!(picture.contains(&format!("{to}, median of 2 seeds")), "what was compared is drawn");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("upright, max-prob").contains(">5"), "{text}");
    assert!(line(to).split_whitespace().nth(1) == Some("2"), "{text}");
}

/// The next picture is on the screen as soon as an answer is given: that answer has not brought it.
#[test]
fn a_look_is_chosen_by_a_ranking_that_knows_all_answers_but_the_last() {
    let (pool, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    stripes(pool.path());
    let (folder, to) = (out.path().join("session"), out.path().to_str().unwrap());
    let how = ["--positive", "upright", "--looks", "30", "--background", "off", "--out", to];
    let output = run(&[&["simulate", pool.path().to_str().unwrap()][..], &how].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = run(&["log", "cat", folder.to_str().unwrap()]);
    let log = String::from_utf8(log.stdout).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut answered, mut on_screen, mut newest) =
        (Vec::<Value>::new(), None, Vec::<Value>::new());
    for event in &events {
        if event["type"] == "RankingMade" {
            newest.clone_from(event["first"].as_array().unwrap());
        }
        if event["type"] == "Labelled" {
            let image = &event["image"];
            assert!(on_screen.is_none_or(|next: Value| next == *image), "{event}");
            answered.push(image.clone());
            // The ranking that knows this answer comes later in the log. The first picture may have been there before
            // the last ranking that knows nothing.
            let mut ranked = newest.iter().map(|ranked| &ranked["image"]);
            let next = ranked.find(|image| !answered.contains(image));
            on_screen = next.filter(|_| answered.len() > 1).cloned();
        }
    }
    assert_eq!(answered.len(), 30);
}

#[test]
fn a_simulation_leaves_a_session_and_never_overwrites_one() {
    let (pool, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    stripes(pool.path());
    let (pool, to) = (pool.path().to_str().unwrap(), out.path().to_str().unwrap());
    let session = out.path().join("session");
    let session = session.to_str().unwrap();
    let how = ["simulate", pool, "--positive", "upright", "--looks", "12", "--background", "off"];
    let output = run(&[&how[..], &["--out", to]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("answer to durable (on the disk)"), "{text}");
    assert!(run(&["log", "verify", session]).status.success());
    let told = run(&["replay", session, "--json"]).stdout;
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told["how_it_goes"]["looks"], 12, "{told}");
    let curve = std::fs::read(out.path().join("curve.csv")).unwrap();
    for seeds in ["1", "2"] {
        let output = run(&[&how[..], &["--out", to, "--seeds", seeds]].concat());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("holds an earlier simulation") && error.contains(to), "{error}");
    }
    assert!(run(&["log", "verify", session]).status.success());
    assert_eq!(std::fs::read(out.path().join("curve.csv")).unwrap(), curve);
    let output = run(&how);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("answer to durable (in memory)"), "{text}");
}

#[test]
fn a_run_ends_with_the_look_that_finds_enough() {
    let pool = tempfile::tempdir().unwrap();
    stripes(pool.path());
    let pool = pool.path().to_str().unwrap();
    let how = ["--positive", "upright", "--until", "50", "--background", "off", "--json"];
    let output = run(&[&["simulate", pool][..], &how].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = only_run(&output);
    // Half of fifteen are eight.
    assert_eq!(summary["found"], 8, "{summary}");
    assert_eq!(summary["looks"], summary["looks_to"]["50"], "{summary}");
    assert!(summary["looks_to"]["80"].is_null(), "{summary}");
}

#[test]
fn what_can_not_be_simulated_is_refused() {
    let pool = tempfile::tempdir().unwrap();
    stripes(pool.path());
    let pool = pool.path().to_str().unwrap();
    for (wrong, says) in [
        (["--pace", "0"], "--pace is answers a second"),
        (["--flip", "0.9"], "--flip is the share of wrong answers"),
        (["--positives", "0"], "0 is not in"),
        (["--seeds", "0"], "0 is not in"),
        (["--until", "101"], "101 is not in"),
        (["--compare", pool], "--out"),
        (["--device", "gpu"], "gpu is no device"),
    ] {
        let output = run(&[&["simulate", pool, "--positive", "upright"][..], &wrong].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(says), "{wrong:?}: {error}");
    }
}
