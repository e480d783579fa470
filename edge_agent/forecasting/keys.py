"""Names under which the store keeps how learning stands, the scores of three months, the learnt."""

HEAD_KEY, SCORES_KEY, LEARNT_KEY = "forecast.head", "forecast.scores", "forecast.learnt"
