//! What a page is told: state as it is at the moment of sending, and only what is new.

use std::time::Duration;

use sluice_events::message::{
    Charts, History, PROTOCOL, Plugins, Replay, SetAside, Statistics, ToPage, Training, Welcome,
};
use sluice_session::CommandError;
use tokio::time::Instant;

use super::{Page, Sent};
use crate::player::Player;

/// Charts are sent this often at most; they change little with one answer.
pub(super) const CHARTS_EVERY: Duration = Duration::from_secs(1);

/// What this page was told last.
#[derive(Default)]
pub(super) struct Told {
    statistics: Option<Statistics>,
    training: Option<Training>,
    plugins: Option<Plugins>,
    set_aside: Option<SetAside>,
    /// The charts, when they were looked at, and the newest event by then.
    pub(super) charts: Option<(Charts, Instant, u64)>,
    /// There may be newer ones, whose turn has not come.
    pub(super) charts_wait: bool,
    /// The history, and the newest event that it could have changed with.
    pub(super) history: Option<(u64, History)>,
    notices: usize,
    pub(super) replay: Option<Replay>,
}

impl Page {
    pub(super) async fn greet(&mut self, protocol: u32, annotator: String) -> Sent {
        if protocol != PROTOCOL {
            let why = "this page is of another version of sluice; reload it".to_owned();
            return self.refuse(None, why, false).await;
        }
        let opened = self.app.service.session.read(|view| view.state.opened.clone()).await;
        let Ok(Some(opened)) = opened else {
            return self.refuse(None, CommandError::Closed.to_string(), true).await;
        };
        let service = &self.app.service;
        let welcome = Welcome {
            protocol: PROTOCOL,
            session: service.log_id.clone(),
            question: opened.question,
            pool: service.folder.root().display().to_string(),
            model: service.model,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            replay: service.replay.as_ref().map(Player::span),
        };
        self.annotator = Some(annotator.chars().take(100).collect());
        self.told = Told::default();
        self.send(&ToPage::Welcome(welcome)).await?;
        self.send_queue().await?;
        self.send_replay().await?;
        self.send_statistics().await?;
        self.send_notices().await
    }

    pub(super) async fn send_queue(&mut self) -> Sent {
        let count = self.queue;
        let queue =
            self.app.service.session.read(move |view| view.state.queue(view.order, count)).await;
        match queue {
            Ok(queue) => self.send(&ToPage::Queue(queue)).await,
            Err(error) => self.refuse(None, error.to_string(), true).await,
        }
    }

    pub(super) async fn send_statistics(&mut self) -> Sent {
        let catalogue = self.app.service.catalogue.clone();
        self.plugins.mark_unchanged();
        let told = self.told.set_aside.as_ref().map(|told| told.total);
        let replayed = self.app.service.replay.is_some();
        let looked = self.app.service.session.read(move |view| {
            let plugins = Plugins::from(catalogue.in_use(view.state));
            // There may be a million images to go through for them; but two moments of a replay may have as many of
            // them, and others.
            let may_be_new = replayed || told != Some(view.state.counts.set_aside);
            let set_aside = may_be_new.then(|| view.state.set_aside());
            (view.state.statistics(view.now_us), set_aside, plugins)
        });
        let Ok((statistics, set_aside, plugins)) = looked.await else { return Ok(()) };
        if self.told.statistics.as_ref() != Some(&statistics) {
            self.told.statistics = Some(statistics.clone());
            self.send(&ToPage::Statistics(statistics)).await?;
        }
        let training = self.training.borrow_and_update().clone();
        if self.told.training.as_ref() != Some(&training) {
            self.told.training = Some(training.clone());
            self.send(&ToPage::Training(training)).await?;
        }
        if let Some(set_aside) = set_aside
            && self.told.set_aside.as_ref() != Some(&set_aside)
        {
            self.told.set_aside = Some(set_aside.clone());
            self.send(&ToPage::SetAside(set_aside)).await?;
        }
        if self.told.plugins.as_ref() != Some(&plugins) {
            self.told.plugins = Some(plugins.clone());
            self.send(&ToPage::Plugins(plugins)).await?;
        }
        self.send_history().await?;
        self.send_charts().await
    }

    /// Nothing, if the page does not want them, knows them, or had some a moment ago: then the newest ones wait.
    pub(super) async fn send_charts(&mut self) -> Sent {
        let known = self.told.charts.as_ref();
        let recent = known.is_some_and(|(_, at, _)| at.elapsed() < CHARTS_EVERY);
        self.told.charts_wait = self.charts && recent;
        if !self.charts || recent {
            return Ok(());
        }
        let seen = known.map(|(_, _, seq)| *seq);
        let charts = self.app.service.session.read(move |view| {
            let next = view.state.next_seq;
            (seen != Some(next)).then(|| (view.state.charts(), next))
        });
        let Ok(Some((charts, next))) = charts.await else { return Ok(()) };
        let is_new = known.is_none_or(|(told, _, _)| *told != charts);
        self.told.charts = Some((charts.clone(), Instant::now(), next));
        if is_new { self.send(&ToPage::Charts(charts)).await } else { Ok(()) }
    }

    /// Nothing, if the page does not want it or knows it.
    pub(super) async fn send_history(&mut self) -> Sent {
        let Some((count, filter)) = self.history else { return Ok(()) };
        let known = self.told.history.as_ref().map(|(newest, _)| *newest);
        let history = self.app.service.session.read(move |view| {
            let newest = view.state.last_relevant;
            // Most news are of rankings: nobody goes through all looks for them.
            (known != Some(newest)).then(|| (newest, view.state.history(filter, count)))
        });
        let Ok(Some((newest, history))) = history.await else { return Ok(()) };
        let is_new = self.told.history.as_ref().is_none_or(|(_, told)| *told != history);
        self.told.history = Some((newest, history.clone()));
        if is_new { self.send(&ToPage::History(history)).await } else { Ok(()) }
    }

    pub(super) async fn send_notices(&mut self) -> Sent {
        let (new, seen) = self.notices.borrow_and_update().since(self.told.notices);
        self.told.notices = seen;
        for notice in new {
            self.send(&ToPage::Notice(notice)).await?;
        }
        Ok(())
    }
}
