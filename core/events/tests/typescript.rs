//! The page's types are generated from the messages. This test fails when they are stale; with
//! `SLUICE_BLESS=1` it writes them anew.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::fs;
use std::path::Path;

use sluice_events::message::{
    Ack, Agreement, AnswerSeconds, Answered, AsideFile, CalibrationBin, Charts, CurvePoint,
    CyclePoint, Expected, Fetching, Finish, Forecast, Goal, History, HistoryFilter, HistoryLook,
    Interval, Level, Look, ModelPoint, Notice, PROTOCOL, Plugins, Queue, QueueItem, Refused,
    Replay, ReplayMoment, ReplaySpan, ReplayWish, ReplayedLook, SetAside, Statistics, StepMade,
    Thresholds, TimeBin, ToPage, ToServer, Training, Welcome,
};
use sluice_events::plugin::{Parameter, PluginInfo, PluginKind, Value};
use sluice_events::{Answer, BulkId, CommandId, ImageId, Label, ModelId, RankingId, Source};
use ts_rs::{Config, TS};

const FILE: &str = "../../frontend/src/protocol.ts";

/// Doc comment and declaration of each type, in the order given.
macro_rules! declare {
    ($($type:ty),+ $(,)?) => {{
        let config = Config::default();
        let mut text = String::new();
        $(
            if let Some(docs) = <$type as TS>::docs() {
                text += &docs;
            }
            text += &format!("export {}\n\n", <$type as TS>::decl(&config));
        )+
        text
    }};
}

fn generated() -> String {
    let types = declare!(
        ToServer,
        ToPage,
        Welcome,
        Ack,
        Look,
        Refused,
        Queue,
        QueueItem,
        Statistics,
        Answered,
        Agreement,
        AnswerSeconds,
        Forecast,
        Goal,
        Interval,
        Charts,
        ModelPoint,
        CyclePoint,
        CalibrationBin,
        TimeBin,
        Training,
        Fetching,
        Plugins,
        PluginKind,
        PluginInfo,
        Parameter,
        Value,
        History,
        HistoryLook,
        HistoryFilter,
        Finish,
        Thresholds,
        Expected,
        CurvePoint,
        StepMade,
        Replay,
        ReplayMoment,
        ReplayedLook,
        ReplaySpan,
        ReplayWish,
        SetAside,
        AsideFile,
        Notice,
        Level,
        Answer,
        Label,
        Source,
        ImageId,
        BulkId,
        ModelId,
        RankingId,
        CommandId,
    );
    format!(
        "// Generated from core/events by its test `typescript`; do not edit.\n\n\
         /** Version of this vocabulary. */\nexport const PROTOCOL = {PROTOCOL}\n\n{}\n",
        types.trim_end()
    )
}

#[test]
fn the_pages_types_are_those_of_the_server() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let generated = generated();
    if std::env::var_os("SLUICE_BLESS").is_some() {
        fs::write(&path, &generated).expect("the types can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, generated, "run `make types` to write frontend/src/protocol.ts anew");
}
