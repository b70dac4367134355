//! A page asks the model to label the rest. It goes on when the page goes away, and keeps no answer waiting.

use std::sync::Arc;

use sluice_events::CommandId;
use sluice_events::message::{Ack, Level, Thresholds, ToPage};
use tokio::task::JoinError;

use super::{Page, Sent};
use crate::finish::{self, FinishError};

/// What came of it: the step's labels are durable up to this number, or why there are none.
pub(super) type Finished = Result<(CommandId, Result<u64, FinishError>), JoinError>;

impl Page {
    /// What would happen.
    pub(super) async fn send_finish(&mut self, thresholds: Option<Thresholds>) -> Sent {
        if let Some(Err(error)) = thresholds.map(finish::check) {
            return self.refuse(None, error.to_string(), false).await;
        }
        match self.app.service.foresee(thresholds).await {
            Ok(told) => self.send(&ToPage::Finish(told)).await,
            Err(error) => self.refuse(None, error.to_string(), true).await,
        }
    }

    /// Does it; [`finished`](Self::finished) tells the page.
    pub(super) fn finish(&self, id: CommandId, annotator: String, thresholds: Thresholds) {
        let app = Arc::clone(&self.app);
        self.finishing.push(tokio::spawn(async move {
            let service = &app.service;
            let told = |done, all| tracing::debug!(done, all, "the model labels");
            let done = service.finish(id, annotator, thresholds, told).await;
            let labelled = done.map(|(bulk, labels)| {
                let text = format!(
                    "The model labelled {labels} images, as step {}. It can be taken back as a whole.",
                    bulk.0
                );
                service.notices.pin(Level::Info, text);
                *service.session.durable().borrow()
            });
            (id, labelled)
        }));
    }

    pub(super) async fn finished(&mut self, finished: Finished) -> Sent {
        match finished {
            Ok((id, Ok(seq))) => self.send(&ToPage::Ack(Ack { id, seq, look: None })).await,
            Ok((id, Err(error))) => self.refuse(Some(id), error.to_string(), false).await,
            Err(error) => {
                tracing::error!(%error, "labelling by the model ended early");
                Ok(())
            }
        }
    }
}
