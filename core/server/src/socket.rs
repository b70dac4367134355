//! One page's WebSocket.
//!
//! Commands go to the session in the order in which they came, several under way at once; each is
//! answered when it is durable. State goes out as it is at the moment of sending: while a slow page
//! takes its time, newer state replaces older.

mod finishing;
mod news;
mod replaying;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures::StreamExt;
use futures::stream::{FuturesOrdered, FuturesUnordered, SplitSink, SplitStream};
use futures::{FutureExt, SinkExt};
use prometheus::IntGauge;
use sluice_events::facts::{PluginRef, Seen, Source};
use sluice_events::message::{Ack, HistoryFilter, Refused, ToPage, ToServer, Training};
use sluice_events::plugin::PluginKind;
use sluice_events::{Command, CommandId, ImageId};
use sluice_host::PluginSet;
use sluice_session::{CommandError, Done, Refusal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::catalogue::find;
use crate::http::App;
use crate::images::AT_ONCE;
use crate::notices::Pinned;
use crate::player::{Pace, Player};
use finishing::{Finishing, Foreseeing};
use news::{CHARTS_EVERY, Told};

/// A message of a page is never longer than this, bytes.
const MESSAGE_LIMIT: usize = 16 * 1024;
/// Beyond this the connection is cut.
const HARD_LIMIT: usize = 4 << 20;
/// Commands under way at once.
const UNDER_WAY: usize = 256;
/// Images of a queue, at first and at most.
const QUEUE: usize = 24;
const QUEUE_LIMIT: u32 = 200;
/// Images of a history, at most.
const HISTORY_LIMIT: u32 = 500;
/// Statistics, and the history with them, are sent this often at most ...
const STATISTICS_EVERY: Duration = Duration::from_millis(250);
/// ... and looked at this often though nothing happens: the pace of the last minute goes down by itself.
const STATISTICS_AT_LEAST: Duration = Duration::from_secs(5);

pub(crate) async fn upgrade(State(app): State<Arc<App>>, socket: WebSocketUpgrade) -> Response {
    socket.max_message_size(HARD_LIMIT).on_upgrade(move |socket| async move {
        let _connected = Counted::begin(&app.service.metrics.connections);
        let (sink, messages) = socket.split();
        let page = Page {
            durable: app.service.session.durable(),
            training: app.service.training.clone(),
            plugins: app.service.catalogue.follow(),
            notices: app.service.notices.watch(),
            pace: app.service.replay.as_ref().map(Player::follow),
            app: Arc::clone(&app),
            sink,
            annotator: None,
            queue: QUEUE,
            history: None,
            charts: false,
            finishing: FuturesUnordered::new(),
            foreseeing: None,
            told: Told::default(),
        };
        tracing::debug!("a page connected");
        // An error is a page that went away: there is nobody to tell.
        let _ = page.run(messages).await;
        tracing::debug!("a page went away");
    })
}

/// Counts as long as it lives, however that ends.
struct Counted(IntGauge);

impl Counted {
    fn begin(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

type Sent = Result<(), axum::Error>;
type Outcome = (CommandId, Result<Done, CommandError>);

struct Page {
    app: Arc<App>,
    sink: SplitSink<WebSocket, Message>,
    durable: watch::Receiver<u64>,
    training: watch::Receiver<Training>,
    plugins: watch::Receiver<Arc<PluginSet>>,
    notices: watch::Receiver<Pinned>,
    /// How it is played, if this is a replay.
    pace: Option<watch::Receiver<Pace>>,
    /// Whose answers these are, once the page has said hello.
    annotator: Option<String>,
    queue: usize,
    /// How much of the history it wants, and which.
    history: Option<(usize, HistoryFilter)>,
    /// Whether it wants the charts.
    charts: bool,
    /// The model labels, because this page asked for it.
    finishing: FuturesUnordered<Finishing>,
    /// It wants to know what would happen.
    foreseeing: Option<Foreseeing>,
    told: Told,
}

impl Page {
    async fn run(mut self, mut messages: SplitStream<WebSocket>) -> Sent {
        let mut under_way = FuturesOrdered::new();
        let mut statistics_due: Option<Instant> = None;
        loop {
            let greeted = self.annotator.is_some();
            tokio::select! {
                biased;
                Some(outcome) = under_way.next(), if !under_way.is_empty() => {
                    self.answer(outcome).await?;
                }
                message = messages.next(), if under_way.len() < UNDER_WAY => {
                    let Some(Ok(message)) = message else { return Ok(()) };
                    if let Some((id, command)) = self.understand(message).await? {
                        let waiting = self.arrived(&command);
                        let submitted = self.app.service.session.submit(command).await;
                        under_way.push_back(async move {
                            let _waiting = waiting;
                            match submitted {
                                Ok(submitted) => (id, submitted.outcome().await),
                                Err(error) => (id, Err(error)),
                            }
                        }.boxed());
                    }
                }
                Some(told) = async { Some(self.foreseeing.as_mut()?.await) } => {
                    self.foreseen(told).await?;
                }
                Some(finished) = self.finishing.next(), if !self.finishing.is_empty() => {
                    self.finished(finished).await?;
                }
                Ok(()) = self.durable.changed(), if greeted => {
                    self.durable.mark_unchanged();
                    self.send_queue().await?;
                    self.send_replay().await?;
                    soon(&mut statistics_due);
                }
                Some(Ok(())) = async { Some(self.pace.as_mut()?.changed().await) }, if greeted => {
                    self.send_replay().await?;
                }
                Ok(()) = self.training.changed(), if greeted => {
                    soon(&mut statistics_due);
                }
                Ok(()) = self.plugins.changed(), if greeted => {
                    soon(&mut statistics_due);
                }
                Ok(()) = self.notices.changed(), if greeted => self.send_notices().await?,
                () = wait_until(statistics_due), if greeted => {
                    self.send_statistics().await?;
                    let later = if self.told.charts_wait { CHARTS_EVERY } else { STATISTICS_AT_LEAST };
                    statistics_due = Some(Instant::now() + later);
                }
            }
        }
    }

    async fn send(&mut self, message: &ToPage) -> Sent {
        match serde_json::to_string(message) {
            Ok(text) => self.sink.send(Message::text(text)).await,
            Err(error) => {
                tracing::error!(%error, "a message could not be written");
                Ok(())
            }
        }
    }

    /// An answer is waiting from now on, as long as what this gives lives.
    fn arrived(&self, command: &Command) -> Option<Counted> {
        let metrics = &self.app.service.metrics;
        matches!(command, Command::Answer { .. }).then(|| {
            metrics.answers_received_total.inc();
            Counted::begin(&metrics.answers_waiting)
        })
    }

    async fn answer(&mut self, (id, outcome): Outcome) -> Sent {
        match outcome {
            Ok(Done { seq, look }) => self.send(&ToPage::Ack(Ack { id, seq, look })).await,
            Err(error) => {
                if !matches!(error, CommandError::Refused(_)) {
                    self.app.service.metrics.commands_not_saved_total.inc();
                }
                let retry = !matches!(&error, CommandError::Refused(refusal) if refusal.is_final());
                self.refuse(Some(id), error.to_string(), retry).await
            }
        }
    }

    async fn refuse(&mut self, id: Option<CommandId>, why: String, retry: bool) -> Sent {
        self.app.service.metrics.refused_messages_total.inc();
        self.send(&ToPage::Refused(Refused { id, why, retry })).await
    }

    /// A message that is a command comes back as one; everything else is done here.
    async fn understand(
        &mut self,
        message: Message,
    ) -> Result<Option<(CommandId, Command)>, axum::Error> {
        let text = match message {
            Message::Text(text) if text.len() <= MESSAGE_LIMIT => text,
            Message::Text(text) => {
                let why =
                    format!("a message of {} bytes is too long; nothing was saved", text.len());
                return self.refuse(None, why, false).await.map(|()| None);
            }
            Message::Binary(_) => {
                let why = "a message must be text; nothing was saved".to_owned();
                return self.refuse(None, why, false).await.map(|()| None);
            }
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => return Ok(None),
        };
        match serde_json::from_str::<ToServer>(&text) {
            Ok(ToServer::Hello { protocol, annotator }) => {
                self.greet(protocol, annotator).await.map(|()| None)
            }
            Ok(message) => {
                if let Some(annotator) = self.annotator.clone() {
                    return self.command(message, annotator).await;
                }
                let why = "say hello first; nothing was saved".to_owned();
                self.refuse(None, why, false).await.map(|()| None)
            }
            Err(error) => {
                let id = id_of(&text);
                let why = format!("a message could not be understood ({error}); nothing was saved");
                self.refuse(id, why, false).await.map(|()| None)
            }
        }
    }

    async fn command(
        &mut self,
        message: ToServer,
        annotator: String,
    ) -> Result<Option<(CommandId, Command)>, axum::Error> {
        if let Some(id) = message.command().filter(|_| self.app.service.replay.is_some()) {
            let why = Refusal::Replay.to_string();
            return self.refuse(Some(id), why, false).await.map(|()| None);
        }
        Ok(match message {
            ToServer::Hello { .. } => None,
            ToServer::Answer { id, image, answer, source, shown_ms, ranking } => {
                if !matches!(source, Source::Manual | Source::Timeout) {
                    let why = "a page answers by key or by time only; nothing was saved".to_owned();
                    return self.refuse(Some(id), why, false).await.map(|()| None);
                }
                let seen = Seen { ranking, shown_ms, ..Seen::default() };
                Some((id, Command::Answer { id, image, answer, source, annotator, seen }))
            }
            ToServer::Undo { id } => Some((id, Command::Undo { id })),
            ToServer::Redo { id } => Some((id, Command::Redo { id })),
            ToServer::ChooseSelector { id, name } => {
                let choose = |selector| Command::ChooseSelector { id, selector };
                self.choose(id, PluginKind::Selector, &name, choose).await?
            }
            ToServer::ChooseNetwork { id, name } => {
                let choose = |network| Command::ChooseNetwork { id, network };
                self.choose(id, PluginKind::Network, &name, choose).await?
            }
            ToServer::SetParameters { id, kind, plugin, changes } => {
                let found = find(&self.app.service.catalogue.offered(), kind, &plugin);
                let accepted = match found {
                    Some((info, _)) => info.accept_changes(&changes),
                    None => Err(format!("there is no {kind} {plugin}")),
                };
                match accepted {
                    Ok(changes) => Some((id, Command::SetParameters { id, kind, plugin, changes })),
                    Err(why) => {
                        let why = format!("{why}; what was set before stays");
                        return self.refuse(Some(id), why, false).await.map(|()| None);
                    }
                }
            }
            ToServer::Want { count } => {
                self.queue = count.clamp(1, QUEUE_LIMIT) as usize;
                self.send_queue().await?;
                None
            }
            ToServer::WantHistory { count, filter } => {
                let count = count.min(HISTORY_LIMIT) as usize;
                self.history = (count > 0).then_some((count, filter));
                self.told.history = None;
                self.send_history().await?;
                None
            }
            ToServer::WantCharts { wanted } => {
                self.charts = wanted;
                self.told.charts = None;
                self.send_charts().await?;
                None
            }
            ToServer::WantFinish { thresholds } => {
                self.foresee(thresholds).await?;
                None
            }
            ToServer::Finish { id, thresholds } => {
                self.finish(id, annotator, thresholds);
                None
            }
            ToServer::Revoke { id, bulk } => Some((id, Command::RevokeBulk { id, bulk })),
            ToServer::Unreadable { image } => {
                self.look_at(image);
                None
            }
            ToServer::Replay { wish } => {
                self.play(wish).await?;
                None
            }
        })
    }

    async fn choose(
        &mut self,
        id: CommandId,
        kind: PluginKind,
        name: &str,
        choose: impl FnOnce(PluginRef) -> Command,
    ) -> Result<Option<(CommandId, Command)>, axum::Error> {
        if let Some((_, plugin)) = find(&self.app.service.catalogue.offered(), kind, name) {
            return Ok(Some((id, choose(plugin))));
        }
        let why = format!("there is no {kind} {name}; what was in use stays in use");
        self.refuse(Some(id), why, false).await.map(|()| None)
    }

    /// The browser could not show an image: the server looks for itself.
    fn look_at(&self, image: ImageId) {
        let app = Arc::clone(&self.app);
        tokio::spawn(async move {
            let turn = AT_ONCE.acquire().await;
            let look = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                if let Err(why) = app.service.folder.check(image) {
                    app.service.unshown.tell(image, &why).ok();
                }
            });
            if let Err(error) = look.await {
                tracing::error!(%error, "looking at an image ended early");
            }
        });
    }
}

/// Not later than [`STATISTICS_EVERY`] from now.
fn soon(due: &mut Option<Instant>) {
    let soon = Instant::now() + STATISTICS_EVERY;
    *due = Some(due.map_or(soon, |due| due.min(soon)));
}

/// Never, without a time.
async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// The id of a message that could not be understood, if it carries one.
fn id_of(text: &str) -> Option<CommandId> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    serde_json::from_value(value.get("id")?.clone()).ok()
}
