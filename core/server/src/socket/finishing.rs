//! A page asks the model to label the rest. It goes on when the page goes away, and keeps no answer waiting.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use sluice_events::CommandId;
use sluice_events::message::{Ack, Finish, Thresholds, ToPage};
use sluice_session::CommandError;

use super::{Page, Sent};
use crate::finish::{self, FinishError};

/// What came of it: the step's labels are durable up to this number, or why there are none. None: it ended early.
pub(super) type Finishing = BoxFuture<'static, (CommandId, Option<Result<u64, FinishError>>)>;

/// What would happen, when it is known.
pub(super) type Foreseeing = BoxFuture<'static, Result<Finish, CommandError>>;

impl Page {
    /// Asks what would happen; the newest question counts.
    pub(super) async fn foresee(&mut self, thresholds: Option<Thresholds>) -> Sent {
        if let Some(Err(error)) = thresholds.map(finish::check) {
            return self.refuse(None, error.to_string(), false).await;
        }
        let app = Arc::clone(&self.app);
        self.foreseeing = Some(async move { app.service.foresee(thresholds).await }.boxed());
        Ok(())
    }

    pub(super) async fn foreseen(&mut self, told: Result<Finish, CommandError>) -> Sent {
        self.foreseeing = None;
        match told {
            Ok(told) => self.send(&ToPage::Finish(told)).await,
            Err(error) => self.refuse(None, error.to_string(), true).await,
        }
    }

    /// Does it; [`finished`](Self::finished) tells the page.
    pub(super) fn finish(&self, id: CommandId, annotator: String, thresholds: Thresholds) {
        let app = Arc::clone(&self.app);
        let labelling = tokio::spawn(async move {
            let service = &app.service;
            let told = |done, all| tracing::debug!(done, all, "the model labels");
            let (bulk, labels) = service.finish(id, annotator, thresholds, told).await?;
            tracing::info!(step = bulk.0, labels, "the model labelled");
            Ok(*service.session.durable().borrow())
        });
        self.finishing.push(async move { (id, labelling.await.ok()) }.boxed());
    }

    pub(super) async fn finished(
        &mut self,
        (id, outcome): (CommandId, Option<Result<u64, FinishError>>),
    ) -> Sent {
        let why = match outcome {
            Some(Ok(seq)) => return self.send(&ToPage::Ack(Ack { id, seq, look: None })).await,
            Some(Err(error)) => error.to_string(),
            None => {
                "labelling ended early; what was labelled before that is among the steps".to_owned()
            }
        };
        self.refuse(Some(id), why, false).await
    }
}
