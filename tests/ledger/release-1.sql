PRAGMA application_id = 1129270321;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE audit (
  sha256  TEXT NOT NULL,
  issue   TEXT NOT NULL,
  score   REAL NOT NULL,
  flagged INTEGER NOT NULL,
  PRIMARY KEY (sha256, issue)
) STRICT, WITHOUT ROWID;
INSERT INTO "audit" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','blurry',4.9787290837658348952e-01,0);
INSERT INTO "audit" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','dark',6.61204811803902114952e-01,0);
INSERT INTO "audit" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','light',7.56789005489417521133e-01,0);
INSERT INTO "audit" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','low_information',8.42466327820132421244e-01,1);
INSERT INTO "audit" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','odd_aspect_ratio',1.0,0);
INSERT INTO "audit" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','odd_size',9.76171833092270846421e-01,0);
INSERT INTO "audit" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','blurry',5.08465686477467593284e-01,0);
INSERT INTO "audit" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','dark',0.832414774026096,0);
INSERT INTO "audit" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','light',7.98447089954359090491e-01,0);
INSERT INTO "audit" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','low_information',8.72145083299356138617e-01,1);
INSERT INTO "audit" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','odd_aspect_ratio',1.0,0);
INSERT INTO "audit" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','odd_size',9.6763344190845423931e-01,0);
INSERT INTO "audit" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','blurry',3.43709657627665143841e-01,0);
INSERT INTO "audit" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','dark',0.738708662649722,0);
INSERT INTO "audit" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','light',6.18730181687539126933e-01,0);
INSERT INTO "audit" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','low_information',8.42630889708067543075e-01,1);
INSERT INTO "audit" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','odd_aspect_ratio',0.666015625,0);
INSERT INTO "audit" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','odd_size',0.897978778464968,0);
INSERT INTO "audit" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','blurry',4.51347398238054253738e-01,0);
INSERT INTO "audit" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','dark',6.40132627549571120439e-01,0);
INSERT INTO "audit" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','light',7.17206036149984571537e-01,0);
INSERT INTO "audit" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','low_information',0.794627182373621,1);
INSERT INTO "audit" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','odd_aspect_ratio',0.75,0);
INSERT INTO "audit" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','odd_size',8.93752638063846860383e-01,0);
INSERT INTO "audit" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','blurry',4.94776528991134334489e-01,0);
INSERT INTO "audit" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','dark',6.81311680170193501027e-01,0);
INSERT INTO "audit" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','light',7.43949855929830650147e-01,0);
INSERT INTO "audit" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','low_information',8.51963207268685240869e-01,1);
INSERT INTO "audit" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','odd_aspect_ratio',1.0,0);
INSERT INTO "audit" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','odd_size',8.65779352069940721925e-01,0);
INSERT INTO "audit" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','blurry',6.98847287173063214105e-01,0);
INSERT INTO "audit" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','dark',7.5668810339078862448e-01,0);
INSERT INTO "audit" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','light',8.0057209851860411387e-01,0);
INSERT INTO "audit" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','low_information',6.85839787520935662001e-01,1);
INSERT INTO "audit" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','odd_aspect_ratio',0.750788643533123,0);
INSERT INTO "audit" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','odd_size',7.39803634577468338662e-01,0);
INSERT INTO "audit" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','blurry',3.05000499602764318929e-01,0);
INSERT INTO "audit" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','dark',0.678485456305094,0);
INSERT INTO "audit" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','light',6.22999617062393595823e-01,0);
INSERT INTO "audit" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','low_information',8.12148362382621336053e-01,1);
INSERT INTO "audit" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','odd_aspect_ratio',0.666015625,0);
INSERT INTO "audit" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','odd_size',8.89778568591654717145e-01,0);
INSERT INTO "audit" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','blurry',2.46301666796418516902e-01,1);
INSERT INTO "audit" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','dark',6.67060216880407619299e-01,0);
INSERT INTO "audit" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','light',7.51114570942012615972e-01,0);
INSERT INTO "audit" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','low_information',8.18752162683656359298e-01,1);
INSERT INTO "audit" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','odd_aspect_ratio',0.666015625,0);
INSERT INTO "audit" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','odd_size',8.89732217092346844289e-01,0);
INSERT INTO "audit" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','blurry',3.34495533872701811262e-01,0);
INSERT INTO "audit" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','dark',0.723173228975091,0);
INSERT INTO "audit" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','light',6.18013544345470733354e-01,0);
INSERT INTO "audit" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','low_information',8.50334670218476640357e-01,1);
INSERT INTO "audit" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','odd_aspect_ratio',0.5625,0);
INSERT INTO "audit" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','odd_size',8.50216777725880668015e-01,0);
CREATE TABLE extra_label (
  sha256     TEXT NOT NULL,
  label      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  decided_at TEXT NOT NULL,
  PRIMARY KEY (sha256, label)
) STRICT, WITHOUT ROWID;
INSERT INTO "extra_label" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','dog','set.conflict','2026-11-28T09:31:07.030Z');
INSERT INTO "extra_label" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','dog','set.conflict','2026-11-28T09:31:07.030Z');
CREATE TABLE folder (label TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE) STRICT, WITHOUT ROWID;
INSERT INTO "folder" VALUES('dog','dog');
INSERT INTO "folder" VALUES('golden retriever','golden retriever');
INSERT INTO "folder" VALUES('lighthouse','lighthouse');
INSERT INTO "folder" VALUES('red panda','red panda');
CREATE TABLE found (
  id            INTEGER PRIMARY KEY,
  query_id      INTEGER NOT NULL REFERENCES query (id),
  search_id     INTEGER NOT NULL REFERENCES search (id),
  rank          INTEGER NOT NULL,
  url           TEXT NOT NULL,
  url_key       TEXT NOT NULL,
  source_id     TEXT NOT NULL DEFAULT '',
  page          TEXT NOT NULL DEFAULT '',
  title         TEXT NOT NULL DEFAULT '',
  site          TEXT NOT NULL DEFAULT '',
  width         INTEGER NOT NULL DEFAULT 0,
  height        INTEGER NOT NULL DEFAULT 0,
  thumbnail_url TEXT NOT NULL DEFAULT '',
  is_thumbnail  INTEGER NOT NULL DEFAULT 0,
  kind          TEXT NOT NULL DEFAULT 'photo',
  way           TEXT NOT NULL DEFAULT '',
  licence_url   TEXT NOT NULL DEFAULT '',
  licence_page  TEXT NOT NULL DEFAULT '',
  licensor      TEXT NOT NULL DEFAULT '',
  creators      TEXT NOT NULL DEFAULT '',
  credit        TEXT NOT NULL DEFAULT '',
  notice        TEXT NOT NULL DEFAULT '',
  found_at      TEXT NOT NULL, fallbacks TEXT NOT NULL DEFAULT '', media TEXT NOT NULL DEFAULT 'picture', cookies TEXT NOT NULL DEFAULT '', published TEXT NOT NULL DEFAULT '', fields TEXT NOT NULL DEFAULT '',
  UNIQUE (query_id, url_key)
) STRICT;
INSERT INTO "found" VALUES(1,1,1,1,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/0.jpg','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/0.jpg','wQ6ro2CN5sVOmM','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/0','What nobody tells you about golden retriever','Museum of Shapes',1115,1115,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/0?q=tbn:ANd9Gc8irHYITqrwzTSlrL3tm4ajjH&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:13.447Z','','picture','','','');
INSERT INTO "found" VALUES(2,1,1,2,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/1.jpg','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/1.jpg','Ib0fUPHRYJKlcM','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/1','Über golden retriever und andere Dinge','The Field Almanac',636,636,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/1?q=tbn:ANd9GcEXIk1x-eHrnmA0v0xMjgdeU8&s=10',0,'licensable','rows','https://stillwater-stock.example/licence','http://127.0.0.1:28146/pages/licences','The Field Almanac','["Ada Pixel"]','Ada Pixel / The Field Almanac','© Ada Pixel','2026-11-28T09:29:13.807Z','','picture','','','');
INSERT INTO "found" VALUES(8,1,1,8,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/7.jpg','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/7.jpg','Xgu7iwe_6rIu1M','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/7','Über golden retriever und andere Dinge','Orchard Journal',1184,888,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/7?q=tbn:ANd9GcOyoQsexeCZbtTHi7aY9NhUe-&s=10',0,'licensable','rows','https://creativecommons.org/publicdomain/zero/1.0/','','Orchard Journal','["Jo Müller"]','Jo Müller / Orchard Journal','© Jo Müller','2026-11-28T09:29:13.807Z','','picture','','','');
INSERT INTO "found" VALUES(10,1,1,10,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/9?w=542&fit=crop&sig=a%3Db%2Bc','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/9?w=542&fit=crop&sig=a%3Db%2Bc','wbOrW4-0DaUcLM','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/9','What nobody tells you about golden retriever','Grüne Woche',542,305,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/9?q=tbn:ANd9GctY9dOoaPVTFR54-et6UYfQH3&s=10',0,'licensable','rows','https://creativecommons.org/publicdomain/zero/1.0/','','Grüne Woche','["山田 花子"]','山田 花子 / Grüne Woche','© 山田 花子','2026-11-28T09:29:13.807Z','','picture','','','');
INSERT INTO "found" VALUES(11,1,1,11,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/10-sch%C3%B6n%20%26%20gro%C3%9F.JPG','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/10-sch%C3%B6n%20%26%20gro%C3%9F.JPG','S1iMJvA2hI31xM','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/10','Über golden retriever und andere Dinge','Stillwater Stock',1255,1255,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/10?q=tbn:ANd9GczpO3_bpQSoJkQgFiJAbWhf54&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:13.807Z','','picture','','','');
INSERT INTO "found" VALUES(19,2,2,1,'http://127.0.0.1:28146/pictures/red-panda-424363/0.jpg','http://127.0.0.1:28146/pictures/red-panda-424363/0.jpg','NvRluHCkZjaSpM','http://127.0.0.1:28146/pages/red-panda-424363/0','red panda in the morning light','Stillwater Stock',1218,812,'http://127.0.0.1:28146/thumb/red-panda-424363/0?q=tbn:ANd9GcTf6TpIt-kZZvr0lMOZgCjnpB&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.374Z','','picture','','','');
INSERT INTO "found" VALUES(20,2,2,2,'http://127.0.0.1:28146/pictures/red-panda-424363/1.jpg','http://127.0.0.1:28146/pictures/red-panda-424363/1.jpg','PA5f1lPulnmw_M','http://127.0.0.1:28146/pages/red-panda-424363/1','Über red panda und andere Dinge','Orchard Journal',1254,836,'http://127.0.0.1:28146/thumb/red-panda-424363/1?q=tbn:ANd9GcqBwPlEN0KDJU78JruO_jO8et&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.374Z','','picture','','','');
INSERT INTO "found" VALUES(21,2,2,3,'http://127.0.0.1:28146/pictures/red-panda-424363/2.jpg','http://127.0.0.1:28146/pictures/red-panda-424363/2.jpg','4Bqkbchs8uTI6M','http://127.0.0.1:28146/pages/red-panda-424363/2','red panda: the "complete" guide & more','Wide & Open',411,548,'http://127.0.0.1:28146/thumb/red-panda-424363/2?q=tbn:ANd9GcmFWrg-BsJenyTGW2SzruHcm0&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.374Z','','picture','','','');
INSERT INTO "found" VALUES(27,2,2,9,'http://127.0.0.1:28146/pictures/red-panda-424363/8.jpg','http://127.0.0.1:28146/pictures/red-panda-424363/8.jpg','Ned31cNuIQQdlM','http://127.0.0.1:28146/pages/red-panda-424363/8','red panda | Stillwater Stock','Stillwater Stock',964,723,'http://127.0.0.1:28146/thumb/red-panda-424363/8?q=tbn:ANd9Gcukm_JMcKDgBw-CR0zGSyq-3J&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.377Z','','picture','','','');
INSERT INTO "found" VALUES(28,2,2,10,'http://127.0.0.1:28146/pictures/red-panda-424363/9?w=935&fit=crop&sig=a%3Db%2Bc','http://127.0.0.1:28146/pictures/red-panda-424363/9?w=935&fit=crop&sig=a%3Db%2Bc','GbDCSoZkCFCZpM','http://127.0.0.1:28146/pages/red-panda-424363/9','red panda | Pixel Pantry','Pixel Pantry',935,935,'http://127.0.0.1:28146/thumb/red-panda-424363/9?q=tbn:ANd9GcXc4LY9J9K4xTlgFg3ewpxhLz&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.377Z','','picture','','','');
INSERT INTO "found" VALUES(37,3,3,1,'http://127.0.0.1:28146/pictures/lighthouse-b370de/0.jpg','http://127.0.0.1:28146/pictures/lighthouse-b370de/0.jpg','6FlBgNneEe84FM','http://127.0.0.1:28146/pages/lighthouse-b370de/0','Über lighthouse und andere Dinge','Wide & Open',617,617,'http://127.0.0.1:28146/thumb/lighthouse-b370de/0?q=tbn:ANd9GcLDIYeM8MiSMxnj1Ydao4XpoG&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.771Z','','picture','','','');
INSERT INTO "found" VALUES(38,3,3,2,'http://127.0.0.1:28146/pictures/lighthouse-b370de/1.gif','http://127.0.0.1:28146/pictures/lighthouse-b370de/1.gif','eM_Dbju8HiYeVM','http://127.0.0.1:28146/pages/lighthouse-b370de/1','lighthouse in the morning light','Pixel Pantry',238,317,'http://127.0.0.1:28146/thumb/lighthouse-b370de/1?q=tbn:ANd9GcB6qMZa6c_Dv-l_hZz1gAHtpg&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.771Z','','picture','','','');
INSERT INTO "found" VALUES(45,3,3,9,'http://127.0.0.1:28146/pictures/lighthouse-b370de/8.webp','http://127.0.0.1:28146/pictures/lighthouse-b370de/8.webp','Ke2rqy0fbUdeaM','http://127.0.0.1:28146/pages/lighthouse-b370de/8','Über lighthouse und andere Dinge','Orchard Journal',706,706,'http://127.0.0.1:28146/thumb/lighthouse-b370de/8?q=tbn:ANd9Gc6IdnQ_fDIwqvpImSIujtHEVD&s=10',0,'video','rows','','','','','','','2026-11-28T09:29:14.771Z','','picture','','','');
INSERT INTO "found" VALUES(46,3,3,10,'http://127.0.0.1:28146/pictures/lighthouse-b370de/9?w=736&fit=crop&sig=a%3Db%2Bc','http://127.0.0.1:28146/pictures/lighthouse-b370de/9?w=736&fit=crop&sig=a%3Db%2Bc','h-cKrNL8pICa3M','http://127.0.0.1:28146/pages/lighthouse-b370de/9','lighthouse: the "complete" guide & more','Museum of Shapes',736,1104,'http://127.0.0.1:28146/thumb/lighthouse-b370de/9?q=tbn:ANd9Gcf5Uis9rq6uDmRT_Nn6wf8oW9&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.771Z','','picture','','','');
INSERT INTO "found" VALUES(47,3,3,11,'http://127.0.0.1:28146/pictures/lighthouse-b370de/10-sch%C3%B6n%20%26%20gro%C3%9F.WEBP','http://127.0.0.1:28146/pictures/lighthouse-b370de/10-sch%C3%B6n%20%26%20gro%C3%9F.WEBP','HFC29xr8pCv5DM','http://127.0.0.1:28146/pages/lighthouse-b370de/10','45,146 lighthouse pictures – free to look at','The Field Almanac',577,577,'http://127.0.0.1:28146/thumb/lighthouse-b370de/10?q=tbn:ANd9GcukmIZ1-cyOzkxCcqF2oUgjCy&s=10',0,'photo','rows','','','','','','','2026-11-28T09:29:14.771Z','','picture','','','');
INSERT INTO "found" VALUES(52,3,3,16,'http://127.0.0.1:28146/pictures/lighthouse-b370de/15.jpg','http://127.0.0.1:28146/pictures/lighthouse-b370de/15.jpg','NgbrjDUrNSQ6uM','http://127.0.0.1:28146/pages/lighthouse-b370de/15','lighthouse: the "complete" guide & more','Pixel Pantry',624,468,'http://127.0.0.1:28146/thumb/lighthouse-b370de/15?q=tbn:ANd9GcFHlL-UcrxGxl4h4HfimHVdH-&s=10',0,'product','rows','','','','','','','2026-11-28T09:29:14.772Z','','picture','','','');
INSERT INTO "found" VALUES(55,4,4,1,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/0.jpg','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/0.jpg','wQ6ro2CN5sVOmM','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/0','What nobody tells you about golden retriever','Museum of Shapes',1115,1115,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/0?q=tbn:ANd9Gc8irHYITqrwzTSlrL3tm4ajjH&s=10',0,'photo','rows','','','','','','','2026-11-28T09:31:00.482Z','','picture','','','');
INSERT INTO "found" VALUES(56,4,4,2,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/1.jpg','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/1.jpg','Ib0fUPHRYJKlcM','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/1','Über golden retriever und andere Dinge','The Field Almanac',636,636,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/1?q=tbn:ANd9GcEXIk1x-eHrnmA0v0xMjgdeU8&s=10',0,'licensable','rows','https://stillwater-stock.example/licence','http://127.0.0.1:28146/pages/licences','The Field Almanac','["Ada Pixel"]','Ada Pixel / The Field Almanac','© Ada Pixel','2026-11-28T09:31:00.482Z','','picture','','','');
INSERT INTO "found" VALUES(62,4,4,8,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/7.jpg','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/7.jpg','Xgu7iwe_6rIu1M','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/7','Über golden retriever und andere Dinge','Orchard Journal',1184,888,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/7?q=tbn:ANd9GcOyoQsexeCZbtTHi7aY9NhUe-&s=10',0,'licensable','rows','https://creativecommons.org/publicdomain/zero/1.0/','','Orchard Journal','["Jo Müller"]','Jo Müller / Orchard Journal','© Jo Müller','2026-11-28T09:31:00.482Z','','picture','','','');
INSERT INTO "found" VALUES(64,4,4,10,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/9?w=542&fit=crop&sig=a%3Db%2Bc','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/9?w=542&fit=crop&sig=a%3Db%2Bc','wbOrW4-0DaUcLM','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/9','What nobody tells you about golden retriever','Grüne Woche',542,305,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/9?q=tbn:ANd9GctY9dOoaPVTFR54-et6UYfQH3&s=10',0,'licensable','rows','https://creativecommons.org/publicdomain/zero/1.0/','','Grüne Woche','["山田 花子"]','山田 花子 / Grüne Woche','© 山田 花子','2026-11-28T09:31:00.482Z','','picture','','','');
INSERT INTO "found" VALUES(66,4,4,12,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/11.jpg','http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/11.jpg','DKrOwvoNnhPqhM','http://127.0.0.1:28146/pages/golden-retriever-41f9a4/11','45,146 golden retriever pictures – free to look at','Museum of Shapes',573,382,'http://127.0.0.1:28146/thumb/golden-retriever-41f9a4/11?q=tbn:ANd9Gcv3rDmP_8gm2OvSJ5CGLsXgKA&s=10',0,'photo','rows','','','','','','','2026-11-28T09:31:00.482Z','','picture','','','');
INSERT INTO "found" VALUES(74,3,3,20,'http://127.0.0.1:28146/pictures/lighthouse-b370de/19.jpg?w=745&fit=crop&sig=a%3Db%2Bc','http://127.0.0.1:28146/pictures/lighthouse-b370de/19.jpg?w=745&fit=crop&sig=a%3Db%2Bc','Huqv5v2-HWZBfM','http://127.0.0.1:28146/pages/lighthouse-b370de/19','45,146 lighthouse pictures – free to look at','Stillwater Stock',745,993,'http://127.0.0.1:28146/thumb/lighthouse-b370de/19?q=tbn:ANd9GcNUPkcMO_MJyaX4Xfkpa8dakB&s=10',0,'video','rows','','','','','','','2026-11-28T09:31:56.649Z','','picture','','','');
INSERT INTO "found" VALUES(80,3,3,26,'http://127.0.0.1:28146/pictures/lighthouse-b370de/25','http://127.0.0.1:28146/pictures/lighthouse-b370de/25','S6g4Z5gwMWEA-M','http://127.0.0.1:28146/pages/lighthouse-b370de/25','<lighthouse> drawn by hand','Museum of Shapes',868,579,'http://127.0.0.1:28146/thumb/lighthouse-b370de/25?q=tbn:ANd9GcKLDIKZ60KGC9D4Wh2vH80M4r&s=10',0,'photo','rows','','','','','','','2026-11-28T09:31:56.649Z','','picture','','','');
INSERT INTO "found" VALUES(81,3,3,27,'http://127.0.0.1:28146/pictures/lighthouse-b370de/26.jpg','http://127.0.0.1:28146/pictures/lighthouse-b370de/26.jpg','PTy2JETJjF40RM','http://127.0.0.1:28146/pages/lighthouse-b370de/26','What nobody tells you about lighthouse','Orchard Journal',828,828,'http://127.0.0.1:28146/thumb/lighthouse-b370de/26?q=tbn:ANd9Gc63THzXRrm-qCbIpKEHv-1JUJ&s=10',0,'photo','rows','','','','','','','2026-11-28T09:31:56.649Z','','picture','','','');
INSERT INTO "found" VALUES(90,3,3,36,'http://127.0.0.1:28146/pictures/lighthouse-b370de/35.png','http://127.0.0.1:28146/pictures/lighthouse-b370de/35.png','Dnf62KBv5h5SoM','http://127.0.0.1:28146/pages/lighthouse-b370de/35','45,146 lighthouse pictures – free to look at','The Field Almanac',407,305,'http://127.0.0.1:28146/thumb/lighthouse-b370de/35?q=tbn:ANd9Gcl-_PTE3i3g4TVwzDsReE5_c9&s=10',0,'photo','rows','','','','','','','2026-11-28T09:31:56.649Z','','picture','','','');
INSERT INTO "found" VALUES(111,3,3,57,'http://127.0.0.1:28146/pictures/lighthouse-b370de/56.jpg','http://127.0.0.1:28146/pictures/lighthouse-b370de/56.jpg','z48D2TUsTpFF9M','http://127.0.0.1:28146/pages/lighthouse-b370de/56','Über lighthouse und andere Dinge','Orchard Journal',815,815,'http://127.0.0.1:28146/thumb/lighthouse-b370de/56?q=tbn:ANd9Gcten5TKZMMtBu16Eq6D5psWPU&s=10',0,'video','rows','','','','','','','2026-11-28T09:31:56.649Z','','picture','','','');
INSERT INTO "found" VALUES(132,3,3,78,'http://127.0.0.1:28146/pictures/lighthouse-b370de/77.jpg','http://127.0.0.1:28146/pictures/lighthouse-b370de/77.jpg','ROJvKMLtPrmyJM','http://127.0.0.1:28146/pages/lighthouse-b370de/77','45,146 lighthouse pictures – free to look at','The Field Almanac',548,365,'http://127.0.0.1:28146/thumb/lighthouse-b370de/77?q=tbn:ANd9Gcfi3s-8PzXQWUgy7fEj79I46c&s=10',0,'photo','rows','','','','','','','2026-11-28T09:31:56.650Z','','picture','','','');
INSERT INTO "found" VALUES(154,3,3,100,'http://127.0.0.1:28146/pictures/lighthouse-b370de/99.jpg?w=936&fit=crop&sig=a%3Db%2Bc','http://127.0.0.1:28146/pictures/lighthouse-b370de/99.jpg?w=936&fit=crop&sig=a%3Db%2Bc','qM_XU3kPa_m3JM','http://127.0.0.1:28146/pages/lighthouse-b370de/99','What nobody tells you about lighthouse','Grüne Woche',936,702,'http://127.0.0.1:28146/thumb/lighthouse-b370de/99?q=tbn:ANd9GcblUfDscAC6U4nb9iHCE5Sdi_&s=10',0,'photo','rows','','','','','','','2026-11-28T09:31:56.650Z','','picture','','','');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('boot','0a1b2c3d-0000-4000-8000-000000000000');
INSERT INTO "meta" VALUES('plan','3 70dea2bd33ecc877d209dea481077add47ee6b01028c95cba91373a1d1173da8');
INSERT INTO "meta" VALUES('practice.port','28146');
INSERT INTO "meta" VALUES('run','3');
INSERT INTO "meta" VALUES('running','2026-11-28T09:31:52.138982+00:00');
CREATE TABLE outcome (
  found_id       INTEGER PRIMARY KEY REFERENCES found (id),
  state          TEXT NOT NULL CHECK (state IN ('saved', 'duplicate', 'rejected', 'failed', 'skipped', 'retry')),
  reason         TEXT NOT NULL DEFAULT '',
  detail         TEXT NOT NULL DEFAULT '',
  attempts       INTEGER NOT NULL DEFAULT 0,
  http_status    INTEGER NOT NULL DEFAULT 0,
  final_url      TEXT NOT NULL DEFAULT '',
  path           TEXT,
  sha256         TEXT,
  format         TEXT,
  width          INTEGER,
  height         INTEGER,
  bytes          INTEGER,
  mode           TEXT,
  orientation    INTEGER,
  frames         INTEGER,
  trailing_bytes INTEGER,
  phash          TEXT,
  seconds        REAL NOT NULL DEFAULT 0,
  ended_at       TEXT NOT NULL, via TEXT NOT NULL DEFAULT '', media TEXT NOT NULL DEFAULT 'picture', rights TEXT NOT NULL DEFAULT '', ignored TEXT NOT NULL DEFAULT '',
  CHECK (state <> 'saved' OR (path IS NOT NULL AND sha256 IS NOT NULL))
) STRICT;
INSERT INTO "outcome" VALUES(1,'saved','','',1,200,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/0.jpg','golden retriever/64c09e03c265666735592f378dc47657.jpg','64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','JPEG',1115,1115,199972,'RGB',1,1,0,'c3c30cb8c8c9cd8c',6.15305015999865645426e-01,'2026-11-28T09:29:14.729Z','','picture','','');
INSERT INTO "outcome" VALUES(2,'saved','','',1,200,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/1.jpg','golden retriever/10327bac64f0cc9fde69b1f9257fe541.jpg','10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','JPEG',636,636,68873,'RGB',1,1,0,'30381839e9c3c54c',0.947773935999976,'2026-11-28T09:29:15.033Z','','picture','','');
INSERT INTO "outcome" VALUES(8,'retry','net.truncated','the body breaks off',1,0,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,9.49673050000001239823e-01,'2026-11-28T09:29:15.247Z','','picture','','');
INSERT INTO "outcome" VALUES(10,'skipped','policy.limit','',0,0,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,'2026-11-28T09:29:15.247Z','','picture','','');
INSERT INTO "outcome" VALUES(11,'skipped','policy.limit','',0,0,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,'2026-11-28T09:29:15.247Z','','picture','','');
INSERT INTO "outcome" VALUES(19,'saved','','',1,200,'http://127.0.0.1:28146/pictures/red-panda-424363/0.jpg','red panda/48255cbb2fb134279375a61f17c96282.jpg','48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','JPEG',1218,812,315171,'CMYK',1,1,0,'0c0c2b1b1913cbe3',3.91614812000170786632e-01,'2026-11-28T09:29:15.161Z','','picture','','');
INSERT INTO "outcome" VALUES(20,'saved','','',1,200,'http://127.0.0.1:28146/pictures/red-panda-424363/1.jpg','red panda/7b77ef108246253028f833d37afeced2.jpg','7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','JPEG',1254,836,87961,'RGB',1,1,0,'5c1cb7b317061c38',2.58722310999928595265e-01,'2026-11-28T09:29:15.190Z','','picture','','');
INSERT INTO "outcome" VALUES(21,'saved','','',1,200,'http://127.0.0.1:28146/pictures/red-panda-424363/2.jpg','red panda/4af0caacd4af73932c11bc1399472348.jpg','4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','JPEG',411,548,67963,'RGB',1,1,0,'e0e0d4f2da701818',2.67598185999986526439e-01,'2026-11-28T09:29:15.326Z','','picture','','');
INSERT INTO "outcome" VALUES(27,'skipped','policy.limit','',0,0,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,'2026-11-28T09:29:15.752Z','','picture','','');
INSERT INTO "outcome" VALUES(28,'skipped','policy.limit','',0,0,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,'2026-11-28T09:29:15.752Z','','picture','','');
INSERT INTO "outcome" VALUES(37,'saved','','',1,200,'http://127.0.0.1:28146/pictures/lighthouse-b370de/0.jpg','lighthouse/14cf16d26b7e136bf75298ce0af924d1.jpg','14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','JPEG',617,617,97627,'RGB',1,1,0,'e80e17535353130f',2.36257377999891104991e-01,'2026-11-28T09:29:15.127Z','','picture','','');
INSERT INTO "outcome" VALUES(38,'saved','','',1,200,'http://127.0.0.1:28146/pictures/lighthouse-b370de/1.gif','lighthouse/6780a9a99dc5a046d18eafd11c2e0c7a.gif','6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','GIF',238,317,18572,'P',1,1,0,'ab67636734d20c0c',2.33112613999992390745e-01,'2026-11-28T09:29:15.238Z','','picture','','');
INSERT INTO "outcome" VALUES(45,'saved','','',1,200,'http://127.0.0.1:28146/pictures/lighthouse-b370de/8.webp','lighthouse/3cbb46f43a312f70eec2b48a3a099ce5.webp','3cbb46f43a312f70eec2b48a3a099ce5c95ad09ec4ad0822adfb0d751613d3dd','WEBP',706,706,69482,'RGB',1,1,0,'383cc6a7323387cf',1.90631852000024082371e-01,'2026-11-28T09:31:53.618Z','','picture','','');
INSERT INTO "outcome" VALUES(46,'rejected','image.placeholder','nohotlink',1,200,'',NULL,NULL,NULL,NULL,NULL,551,NULL,NULL,NULL,NULL,NULL,7.32265091000044776592e-01,'2026-11-28T09:31:54.106Z','','picture','','');
INSERT INTO "outcome" VALUES(47,'saved','','',1,200,'http://127.0.0.1:28146/pictures/lighthouse-b370de/10-sch%C3%B6n%20%26%20gro%C3%9F.WEBP','lighthouse/a93378ca7a5af18cfa6158b2c285f5c6.webp','a93378ca7a5af18cfa6158b2c285f5c62186341ebbbc793ab0b51467c713077b','WEBP',577,577,74130,'RGB',1,1,0,'0f0f291454140422',6.41681947000051877694e-01,'2026-11-28T09:31:54.090Z','','picture','','');
INSERT INTO "outcome" VALUES(52,'rejected','image.format_denied','SVG',1,200,'',NULL,NULL,NULL,NULL,NULL,158,NULL,NULL,NULL,NULL,NULL,1.60362011999950482277e-01,'2026-11-28T09:31:53.526Z','','picture','','');
INSERT INTO "outcome" VALUES(55,'duplicate','duplicate.other_label','',1,200,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/0.jpg','golden retriever/64c09e03c265666735592f378dc47657.jpg','64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','JPEG',1115,1115,199972,'RGB',1,1,0,'c3c30cb8c8c9cd8c',1.02735344500001701817e+00,'2026-11-28T09:31:02.102Z','','picture','','');
INSERT INTO "outcome" VALUES(56,'duplicate','duplicate.other_label','',1,200,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/1.jpg','golden retriever/10327bac64f0cc9fde69b1f9257fe541.jpg','10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','JPEG',636,636,68873,'RGB',1,1,0,'30381839e9c3c54c',3.87396481999985553557e-01,'2026-11-28T09:31:01.530Z','','picture','','');
INSERT INTO "outcome" VALUES(62,'retry','net.truncated','the body breaks off',1,0,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6.16614008999931684229e-01,'2026-11-28T09:31:02.749Z','','picture','','');
INSERT INTO "outcome" VALUES(64,'saved','','',1,200,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/9?w=542&fit=crop&sig=a%3Db%2Bc','dog/a9c931d36fb9cf09aebc920b0ff0343b.jpg','a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','JPEG',542,305,35852,'RGB',1,1,0,'373f0717848cd8f3',1.10982648000003791821e+00,'2026-11-28T09:31:02.326Z','','picture','','');
INSERT INTO "outcome" VALUES(66,'saved','','',1,200,'http://127.0.0.1:28146/pictures/golden-retriever-41f9a4/11.jpg','dog/953f5c65f38d537017ba7c259fc361f1.jpg','953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','JPEG',573,382,17705,'RGB',1,1,0,'00107063e3c7c7cf',8.46266865999950823606e-01,'2026-11-28T09:31:02.524Z','','picture','','');
INSERT INTO "outcome" VALUES(80,'failed','http.404','',1,404,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3.56046805000005406327e-01,'2026-11-28T09:31:57.030Z','','picture','','');
INSERT INTO "outcome" VALUES(90,'saved','','',1,200,'http://127.0.0.1:28146/pictures/lighthouse-b370de/35.png','lighthouse/4b2a99ffaa9dbd489848471b38097ba2.png','4b2a99ffaa9dbd489848471b38097ba2237c837514bbad48bccba255ecbe9525','PNG',407,305,50082,'RGB',1,1,0,'29044666646fa7df',1.60816961000136871007e-01,'2026-11-28T09:31:57.977Z','','picture','','');
INSERT INTO "outcome" VALUES(111,'saved','','',1,200,'http://127.0.0.1:28146/pictures/lighthouse-b370de/56.jpg','lighthouse/30427ebaced00bdb905ce13899979c1d.jpg','30427ebaced00bdb905ce13899979c1d5001841dde09184d2d2b88ccde14e51f','JPEG',815,815,109463,'RGB',1,1,0,'221b5993a5b520b5',2.43335389999856488429e-01,'2026-11-28T09:31:58.017Z','','picture','','');
INSERT INTO "outcome" VALUES(132,'failed','http.404','',1,404,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2.39828155999930459074e-01,'2026-11-28T09:31:57.446Z','','picture','','');
INSERT INTO "outcome" VALUES(154,'rejected','body.empty','',1,200,'',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,1.87820144999932381324e-01,'2026-11-28T09:31:58.014Z','','picture','','');
CREATE TABLE pdq (sha256 TEXT PRIMARY KEY, hash TEXT NOT NULL, quality INTEGER NOT NULL, mirrored TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;
INSERT INTO "pdq" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','d30cbcde6323d831a48ee46c7b0194d9a59e6f72d851b48435ecc3117ed3278e',70,'8759e98f36768d64f1dbb1392e54c18cf0cb3a378d04e1d160b996443b8672db');
INSERT INTO "pdq" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','6e0669e6e7a6e7e399618270e63a343f0e96399ed99109c8e1e949f9e6058627',100,'3a433cb2b2b3b2b6cc34d725b32f616a5bc32ccb8cc44c9db4bc1ca8b350d372');
INSERT INTO "pdq" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','e664d8cb32e31b99431c2d39cc34e4e478c75666271bb873b1acc58ec2b03e76',76,'b3318d9e67b64ecc1649786c9961b1b12d920333724e6d26e4f990db17e56b23');
INSERT INTO "pdq" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','67934e669649bd996d66d8e6939923186e6c16629992c98c624c267bb4b3d9d9',34,'32c61b33c31ce8cc38338db3c6cc764c3b394b36ccc79cd93719732ee0e68c8c');
INSERT INTO "pdq" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','1e64b393cc68398e0639d9e62332d0ccbf1d6263d7beb1326ecc12b1e55a48dc',46,'4b21e6c6993d6cdb536c8cb376678199ea48373682ebe4633b9947e4b00f1989');
INSERT INTO "pdq" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','cfc13e363c3e09b7904f901eb89409e849f838ed9bc96f617f24ba053227c6da',100,'9a946b63696b4ce2c51ac54bedc15cb818ac6cb8ce9c3a342a71ef506772938f');
INSERT INTO "pdq" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','328e2693b0c632cc7339cb4ed9ce6db3cf3286d334931a39d269e8e66924878e',45,'648263c6e5936799266c9c198c9b38e69a66d38661c64f6c873cacb33c71d2db');
INSERT INTO "pdq" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','319e87c3f63e83b16ce1ce3338dccdc3b01c671c98e0b33184fe6983cb67909c',44,'64cbd296a36bd6e429b49b666d899896e5493249cca4e664d1ab3cd69e32c5c9');
INSERT INTO "pdq" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','99930cc573331931cecc73338ccc6cce933339cccf3399ca30cdce35934c331e',60,'cce6599026666ce49b992666d999399be6666c999a66cc9f65989b60c619664b');
CREATE TABLE query (
  id        INTEGER PRIMARY KEY,
  keyword   TEXT NOT NULL,
  label     TEXT NOT NULL,
  filters   TEXT NOT NULL DEFAULT '{}',
  wanted    INTEGER NOT NULL,
  state     TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
  run       INTEGER NOT NULL,
  position  INTEGER NOT NULL,
  reopened  INTEGER NOT NULL DEFAULT 0,
  UNIQUE (keyword, label, filters)
) STRICT;
INSERT INTO "query" VALUES(1,'golden retriever','golden retriever','{}',8,'done',2,0,0);
INSERT INTO "query" VALUES(2,'red panda','red panda','{}',8,'done',2,2,0);
INSERT INTO "query" VALUES(3,'lighthouse','lighthouse','{}',60,'open',3,0,1);
INSERT INTO "query" VALUES(4,'golden retriever','dog','{}',8,'done',2,1,0);
INSERT INTO "query" VALUES(5,'bicycle','bicycle','{}',60,'open',3,1,0);
CREATE TABLE review (
  sha256     TEXT NOT NULL,
  label      TEXT NOT NULL,
  decision   TEXT NOT NULL CHECK (decision IN ('keep', 'drop')),
  decided_at TEXT NOT NULL,
  PRIMARY KEY (sha256, label)
) STRICT, WITHOUT ROWID;
INSERT INTO "review" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','red panda','drop','2026-11-28T09:31:07.847Z');
INSERT INTO "review" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','red panda','keep','2026-11-28T09:31:08.635Z');
CREATE TABLE search (
  id         INTEGER PRIMARY KEY,
  query_id   INTEGER NOT NULL REFERENCES query (id),
  source     TEXT NOT NULL,
  variant    TEXT NOT NULL DEFAULT '',
  run        INTEGER NOT NULL,
  state      TEXT NOT NULL DEFAULT 'pending' CHECK (state IN
             ('pending', 'enough', 'exhausted', 'empty', 'blocked', 'layout', 'unreachable', 'failed')),
  reason     TEXT NOT NULL DEFAULT '',
  detail     TEXT NOT NULL DEFAULT '',
  tries      INTEGER NOT NULL DEFAULT 0,
  found      INTEGER NOT NULL DEFAULT 0,
  seconds    REAL NOT NULL DEFAULT 0,
  started_at TEXT NOT NULL DEFAULT '',
  ended_at   TEXT NOT NULL DEFAULT '', complete INTEGER NOT NULL DEFAULT 0,
  UNIQUE (query_id, source, variant)
) STRICT;
INSERT INTO "search" VALUES(1,1,'google','',2,'enough','','',1,18,2.49848517200007336214e+00,'2026-11-28T09:29:10.966Z','2026-11-28T09:29:13.807Z',0);
INSERT INTO "search" VALUES(2,2,'google','',2,'enough','','',1,18,3.40695866999999452673e+00,'2026-11-28T09:29:10.967Z','2026-11-28T09:29:14.378Z',0);
INSERT INTO "search" VALUES(3,3,'google','',3,'enough','','',2,18,9.58773569999948449549e-01,'2026-11-28T09:31:54.134Z','2026-11-28T09:29:14.772Z',0);
INSERT INTO "search" VALUES(4,4,'google','',2,'enough','','',1,18,2.56696790099999816447e+00,'2026-11-28T09:30:57.915Z','2026-11-28T09:31:00.482Z',0);
INSERT INTO "search" VALUES(5,5,'google','',3,'pending','','',1,0,0.0,'2026-11-28T09:31:53.030Z','',0);
CREATE TABLE split (
  sha256 TEXT NOT NULL,
  scheme TEXT NOT NULL,
  split  TEXT NOT NULL,
  PRIMARY KEY (sha256, scheme)
) STRICT, WITHOUT ROWID;
INSERT INTO "split" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','train=0.8,val=0.2','val');
INSERT INTO "split" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','train=0.8,val=0.2','train');
INSERT INTO "split" VALUES('4af0caacd4af73932c11bc1399472348c52f7813260f35a9693fb164219a6b70','train=0.8,val=0.2','train');
INSERT INTO "split" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','train=0.8,val=0.2','train');
INSERT INTO "split" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','train=0.8,val=0.2','train');
INSERT INTO "split" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','train=0.8,val=0.2','train');
INSERT INTO "split" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','train=0.8,val=0.2','train');
INSERT INTO "split" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','train=0.8,val=0.2','val');
CREATE TABLE unsynced (id INTEGER PRIMARY KEY, found_id INTEGER NOT NULL) STRICT;
INSERT INTO "unsynced" VALUES(1,45);
INSERT INTO "unsynced" VALUES(7,47);
INSERT INTO "unsynced" VALUES(45,90);
INSERT INTO "unsynced" VALUES(46,111);
CREATE TABLE verdict (
  sha256     TEXT NOT NULL,
  label      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  detail     TEXT NOT NULL DEFAULT '',
  kept       TEXT NOT NULL DEFAULT '',
  moved_from TEXT NOT NULL DEFAULT '',
  decided_at TEXT NOT NULL,
  PRIMARY KEY (sha256, label)
) STRICT, WITHOUT ROWID;
INSERT INTO "verdict" VALUES('10327bac64f0cc9fde69b1f9257fe541c0fcf2e6cdcef71a0545f63e76a66207','golden retriever','set.quality','low_information 0.84','','','2026-11-28T09:31:50.735Z');
INSERT INTO "verdict" VALUES('14cf16d26b7e136bf75298ce0af924d12ae8a992e501f94f82556464b7ea8231','lighthouse','set.quality','low_information 0.87','','','2026-11-28T09:31:50.735Z');
INSERT INTO "verdict" VALUES('48255cbb2fb134279375a61f17c96282fee247eb52e1b13e241b5c5be52b1204','red panda','set.dropped','','','','2026-11-28T09:31:07.847Z');
INSERT INTO "verdict" VALUES('64c09e03c265666735592f378dc476572a99c7650f6da6eee074457938edd2bc','golden retriever','set.quality','low_information 0.85','','','2026-11-28T09:31:50.735Z');
INSERT INTO "verdict" VALUES('6780a9a99dc5a046d18eafd11c2e0c7ad969c520c8fe6283393d57c2d1783cd4','lighthouse','set.quality','low_information 0.69','','','2026-11-28T09:31:50.735Z');
INSERT INTO "verdict" VALUES('7b77ef108246253028f833d37afeced210aa811ec7f3fe8966df04f6e15d7556','red panda','set.quality','low_information 0.81','','','2026-11-28T09:31:50.735Z');
INSERT INTO "verdict" VALUES('953f5c65f38d537017ba7c259fc361f13694dd944c3ec9a40aceb5fc5bec8b8f','dog','set.quality','blurry 0.25, low_information 0.82','','','2026-11-28T09:31:50.735Z');
INSERT INTO "verdict" VALUES('a9c931d36fb9cf09aebc920b0ff0343b1d94e46f7dd4bb57bdfd721f42e8dc30','dog','set.quality','low_information 0.85','','','2026-11-28T09:31:50.735Z');
CREATE INDEX query_open ON query (run, position) WHERE state = 'open';
CREATE INDEX found_search ON found (search_id);
CREATE INDEX found_query ON found (query_id);
CREATE UNIQUE INDEX outcome_saved ON outcome (sha256) WHERE state = 'saved';
CREATE INDEX outcome_forgotten ON outcome (sha256) WHERE state = 'skipped' AND reason = 'policy.forgotten';
CREATE INDEX outcome_duplicate ON outcome (sha256) WHERE state = 'duplicate';
CREATE VIEW picture AS
SELECT query.keyword, query.label, search.source, search.variant, found.rank, found.url, found.page, found.title,
       found.site, found.licence_url, coalesce(outcome.state, 'waiting') AS state,
       coalesce(outcome.reason, '') AS reason, outcome.path, outcome.sha256, outcome.format, outcome.width,
       outcome.height, outcome.bytes,
       CASE WHEN outcome.path IS NULL THEN found.media ELSE outcome.media END AS media
FROM found JOIN query ON query.id = found.query_id JOIN search ON search.id = found.search_id
LEFT JOIN outcome ON outcome.found_id = found.id;
COMMIT;
