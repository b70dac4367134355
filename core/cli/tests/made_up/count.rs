//! What counts in a session, counted from the lines of `sluice log cat` alone.

use std::collections::BTreeMap;

use serde_json::Value;

/// After some of the lines. Steps of many labels are not counted.
#[derive(Default)]
pub struct Count {
    images: u64,
    /// Number, image, answer.
    looks: Vec<(Value, u64, String)>,
    undone: Vec<(Value, u64, String)>,
}

impl Count {
    pub fn take(&mut self, event: &Value) {
        let answer = match event["type"].as_str().unwrap() {
            "ImagesFound" => {
                self.images += event["images"].as_array().unwrap().len() as u64;
                return;
            }
            "Undone" => return self.undone.extend(self.looks.pop()),
            "Redone" => return self.looks.extend(self.undone.pop()),
            "Labelled" => event["label"].as_str().unwrap().to_owned(),
            "Skipped" => "skip".to_owned(),
            _ => return,
        };
        self.undone.clear();
        self.looks.push((event["seq"].clone(), event["image"].as_u64().unwrap(), answer));
    }

    pub fn check(&self, moment: &Value) {
        let last: BTreeMap<u64, &String> = self.looks.iter().map(|(_, i, a)| (*i, a)).collect();
        let count = |answer: &str| last.values().filter(|last| **last == answer).count();
        let how = &moment["how_it_goes"];
        let context = &moment["seq"];
        assert_eq!(how["positives"], count("positive"), "{context}");
        assert_eq!(how["negatives"], count("negative"), "{context}");
        assert_eq!(how["skipped"], count("skip"), "{context}");
        assert_eq!(how["images"], self.images, "{context}");
        assert_eq!(how["unlabelled"], self.images - last.len() as u64, "{context}");
        assert_eq!(how["looks"], self.looks.len(), "{context}");
        assert_eq!(how["redo_depth"], self.undone.len(), "{context}");
        let newest: Vec<&Value> = self.looks.iter().rev().take(5).map(|(seq, ..)| seq).collect();
        let told: Vec<&Value> =
            moment["last_looks"].as_array().unwrap().iter().map(|look| &look["seq"]).collect();
        assert_eq!(told, newest, "{context}");
    }
}
