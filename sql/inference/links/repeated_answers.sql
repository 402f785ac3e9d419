-- Hashes of answers of which one log of spans has more than one span: instrumentations of the client
-- and of the framework around it both report the call.
-- grain:  id_hash
-- params: none; view log_answers
SELECT id_hash
FROM log_answers
GROUP BY source_no, id_hash
HAVING count(*) > 1
