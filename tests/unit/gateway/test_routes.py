"""Who may come in where: the whole table, and that the door keeps to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Blueprint, Flask

from rules import roles
from services.gateway.web.access import Doors, UnguardedRoute, door
from services.notifications import http_receipts
from tests.unit.gateway.ground import BILL_ID, NUMBER, TASK_ID, Service, client_of, csrf_of

# Every route of the gateway. `staff`: somebody must be logged in whatever the public may.
TABLE = """
GET    /<lang>/governorates/<governorate>                       guide.read
GET    /<lang>/governorates/<governorate>/units/<unit>          guide.read
GET    /<lang>/staff/portal-applications                        offline.review
GET    /<lang>/staff/portal-applications/<application_id>       offline.review
POST   /<lang>/staff/portal-applications/<application_id>/retry offline.review
POST   /<lang>/staff/portal-applications/<application_id>/close offline.review
GET    /api/v1/national/requests/<tracking_number>              request.inquire
GET    /api/v1/national/governorates                            guide.read
GET    /api/v1/national/governorates/<governorate>/services     guide.read
POST   /api/v1/national/requests                                request.submit
GET    /api/v1/national/money                                   collections.read staff
GET    /api/v1/portal-applications                              offline.review
GET    /api/v1/portal-applications/<application_id>             offline.review
GET    /api/v1/portal-applications/<application_id>/documents/<document_id> offline.review
GET    /<lang>/staff/portal-applications/<application_id>/documents/<document_id> offline.review
POST   /api/v1/portal-applications/<application_id>/retry       offline.review
POST   /api/v1/portal-applications/<application_id>/closing     offline.review
GET    /<lang>/field                                            guide.read
GET    /<lang>/field/words.json                                 guide.read
GET    /<lang>/field/manifest.webmanifest                       guide.read
GET    /<lang>/field/sw.js                                      guide.read
GET    /                                                        guide.read
GET    /favicon.ico                                             guide.read
GET    /health/<question>                                       guide.read
GET    /static/<name>                                           guide.read
GET    /verify                                                  licence.verify
GET    /verify/<serial>                                         licence.verify
GET    /<lang>/                                                 guide.read
GET    /<lang>/services                                         guide.read
GET    /<lang>/components                                       guide.read
GET    /<lang>/services/<code>                                  guide.read
GET    /<lang>/services/<code>/form                             guide.read
GET    /<lang>/services/<code>/apply                            request.submit
POST   /<lang>/services/<code>/apply/anew                       request.submit
GET    /<lang>/services/<code>/apply/saved                      request.submit
GET    /<lang>/services/<code>/apply/check                      request.submit
GET    /<lang>/services/<code>/apply/<step>                     request.submit
POST   /<lang>/services/<code>/apply/<step>                     request.submit
POST   /<lang>/services/<code>/apply/send                       request.submit
GET    /<lang>/follow                                           request.inquire
POST   /<lang>/follow                                           request.inquire
GET    /<lang>/follow/<tracking_number>                         request.inquire
GET    /<lang>/follow/<tracking_number>/received                request.inquire
GET    /<lang>/follow/<tracking_number>/bills/<bill_id>         bill.read
POST   /<lang>/follow/<tracking_number>/bills/<bill_id>         bill.pay
GET    /<lang>/follow/<tracking_number>/bills/<bill_id>/receipt receipt.read
GET    /<lang>/follow/<tracking_number>/complete                request.complete
POST   /<lang>/follow/<tracking_number>/complete                request.complete
GET    /<lang>/follow/<tracking_number>/complete/answers        request.complete
POST   /<lang>/follow/<tracking_number>/complete/answers        request.complete
GET    /<lang>/follow/<tracking_number>/complete/documents/<code> request.complete
POST   /<lang>/follow/<tracking_number>/complete/documents/<code> request.complete
GET    /<lang>/follow/<tracking_number>/complaints              complaint.make
POST   /<lang>/follow/<tracking_number>/complaints              complaint.make
GET    /<lang>/follow/<tracking_number>/complaints/<number>     complaint.make
GET    /<lang>/complaints                                       complaint.make
POST   /<lang>/complaints                                       complaint.make
POST   /<lang>/follow/<tracking_number>/rate                    request.rate
POST   /api/v1/requests/<tracking_number>/rating-invitations    request.rate
GET    /<lang>/follow/<tracking_number>/reopening               complaint.make
POST   /<lang>/follow/<tracking_number>/reopening               complaint.make
GET    /<lang>/follow/<tracking_number>/reads                   request.inquire
GET    /<lang>/follow/<tracking_number>/visit                   visit.order
GET    /brand.css                                               guide.read
GET    /sw.js                                                   guide.read
GET    /<lang>/manifest.webmanifest                             guide.read
GET    /<lang>/offline                                          guide.read
GET    /<lang>/visits                                           visit.order
POST   /<lang>/visits                                           visit.order
GET    /<lang>/visits/order                                     visit.order
GET    /<lang>/visits/order/<step>                              visit.order
POST   /<lang>/visits/order/<step>                              visit.order
GET    /<lang>/visits/order/check                               visit.order
POST   /<lang>/visits/order/check                               visit.order
GET    /<lang>/visits/<number>                                  visit.order
POST   /<lang>/visits/<number>                                  visit.order
GET    /<lang>/follow/<tracking_number>/licence                 licence.fetch
GET    /<lang>/drafts                                           request.submit
GET    /<lang>/messages/<token>                                 preference.own
POST   /<lang>/messages/<token>                                 preference.own
GET    /<lang>/messages/<token>/stop                            preference.own
POST   /<lang>/messages/<token>/stop                            preference.own
GET    /<lang>/follow/<tracking_number>/messages                preference.own
POST   /<lang>/follow/<tracking_number>/messages                preference.own
GET    /<lang>/staff/preferences                                preference.set
POST   /<lang>/staff/preferences                                preference.set
GET    /api/v1/requests/<tracking_number>/preferences           preference.own
POST   /api/v1/requests/<tracking_number>/preferences           preference.own
GET    /api/v1/preferences/<token>                              preference.own
POST   /api/v1/preferences/<token>                              preference.own
POST   /api/v1/preferences/search                               preference.set
POST   /api/v1/preferences                                      preference.set
POST   /<lang>/drafts                                           request.submit
GET    /<lang>/follow/<tracking_number>/request-receipt         request.inquire
POST   /<lang>/follow/<tracking_number>/withdraw                request.complete
POST   /<lang>/follow/<tracking_number>/documents               request.complete
GET    /<lang>/verify                                           licence.verify
POST   /<lang>/verify                                           licence.verify
GET    /<lang>/verify/<serial>                                  licence.verify
GET    /<lang>/staff                                            guide.read staff
GET    /<lang>/staff/login                                      guide.read
POST   /<lang>/staff/login                                      guide.read
POST   /<lang>/staff/logout                                     guide.read staff
POST   /<lang>/staff/next                                       task.next
GET    /<lang>/staff/tasks/<task_id>                            task.read
POST   /<lang>/staff/tasks/<task_id>                            task.act
GET    /<lang>/staff/tasks/<task_id>/documents/<document_id>    task.read
GET    /<lang>/staff/cashier                                    bill.take_cash
GET    /<lang>/staff/cashier/bills/<bill_id>                    bill.take_cash
POST   /<lang>/staff/cashier/bills/<bill_id>                    bill.take_cash
POST   /<lang>/staff/cashier/bills/<bill_id>/slip               bill.take_cash
GET    /<lang>/staff/cashier/bills/<bill_id>/receipt            receipt.read staff
GET    /<lang>/staff/cashier/shift                              bill.take_cash
POST   /<lang>/staff/cashier/bills/<bill_id>/receipt            receipt.print
GET    /<lang>/receipts/<number>                                receipt.read
POST   /<lang>/staff/cashier/shift                              bill.take_cash
POST   /<lang>/staff/cashier/shift/hand-over                    bill.take_cash
POST   /<lang>/staff/cashier/shift/void                         bill.take_cash
POST   /<lang>/staff/cashier/shift/drawer                       bill.take_cash
POST   /<lang>/staff/cashier/shift/close                        bill.take_cash
GET    /<lang>/queue/<unit>                                     guide.read
GET    /<lang>/staff/kiosk                                      queue.take staff
POST   /<lang>/staff/kiosk                                      queue.take staff
GET    /<lang>/staff/kiosk/ticket                               queue.take staff
POST   /<lang>/staff/turns/window                               queue.call
POST   /<lang>/staff/turns                                      queue.call
GET    /<lang>/staff/window                                     request.submit staff
GET    /<lang>/staff/window/services                            request.submit staff
POST   /<lang>/staff/window/person                              request.submit staff
GET    /<lang>/staff/window/intake/<draft_id>                   request.submit staff
POST   /<lang>/staff/window/intake/<draft_id>                   request.submit staff
GET    /<lang>/staff/window/lodged/<tracking_number>            request.submit staff
GET    /<lang>/staff/window/requests                            request.find_person staff
POST   /<lang>/staff/window/requests                            request.find_person staff
GET    /<lang>/staff/window/requests/<tracking_number>          request.find_person staff
POST   /<lang>/staff/window/requests/<tracking_number>          request.find_person staff
GET    /<lang>/staff/window/requests/<tracking_number>/correction request.correct
POST   /<lang>/staff/window/requests/<tracking_number>/correction request.correct
GET    /<lang>/staff/window/delivery                            licence.deliver staff
POST   /<lang>/staff/window/delivery                            licence.deliver staff
GET    /<lang>/staff/shifts                                     shift.approve
GET    /<lang>/staff/finance/bills                              bill.amend|refund.read|bill.issue staff
GET    /<lang>/staff/finance/bills/<bill_id>                    bill.amend|refund.read|bill.issue staff
GET    /<lang>/staff/finance/bills/new                          bill.issue
POST   /<lang>/staff/finance/bills/new                          bill.issue
GET    /<lang>/staff/finance/bills/<bill_id>/<act>              bill.amend|bill.issue|bill.cancel|refund.request|dispute.manage
POST   /<lang>/staff/finance/bills/<bill_id>/<act>              bill.amend|bill.issue|bill.cancel|refund.request|dispute.manage
GET    /<lang>/staff/finance/refunds                            refund.read
GET    /<lang>/staff/finance/refunds/<refund_id>                refund.read
POST   /<lang>/staff/finance/refunds/<refund_id>/decision       refund.approve
POST   /<lang>/staff/finance/refunds/<refund_id>/payment        refund.pay
POST   /<lang>/staff/finance/refunds/<refund_id>/steering       refund.approve
GET    /<lang>/staff/finance/changes                            bill.amend
GET    /<lang>/staff/finance/changes/<change_id>                bill.amend
POST   /<lang>/staff/finance/changes/<change_id>                bill.approve
GET    /<lang>/staff/finance/reviews                            review.settle
GET    /<lang>/staff/finance/reviews/<review_id>                review.settle
POST   /<lang>/staff/finance/reviews/<review_id>                review.settle
GET    /<lang>/staff/finance/statements                         reconciliation.read
POST   /<lang>/staff/finance/statements                         reconciliation.import
GET    /<lang>/staff/finance/statements/files/<upload_id>       reconciliation.read
GET    /<lang>/staff/finance/statements/<statement_id>          reconciliation.read
POST   /<lang>/staff/finance/statements/<statement_id>/transfers settlement.record
POST   /<lang>/staff/finance/statements/<statement_id>/aside    reconciliation.resolve
POST   /<lang>/staff/finance/statements/<statement_id>/difference settlement.let_go
GET    /<lang>/staff/finance/differences                        reconciliation.read
GET    /<lang>/staff/finance/differences/<difference_id>        reconciliation.resolve
POST   /<lang>/staff/finance/differences/<difference_id>        reconciliation.resolve
GET    /<lang>/staff/finance/treasury                           reconciliation.read
POST   /<lang>/staff/finance/treasury                           treasury.export
GET    /<lang>/staff/finance/treasury/<period_id>               reconciliation.read
POST   /<lang>/staff/finance/treasury/<period_id>/closing       treasury.close
GET    /<lang>/staff/finance/treasury/<period_id>/file          reconciliation.read
GET    /<lang>/staff/finance/collections                        collections.read
GET    /<lang>/staff/finance/charges                            reconciliation.read
GET    /<lang>/staff/finance/charges.xlsx                       reconciliation.read
GET    /<lang>/staff/finance/charges.csv                        reconciliation.read
GET    /<lang>/staff/finance/charges/refunds/<refund_id>        refund.approve
POST   /<lang>/staff/finance/charges/refunds/<refund_id>        refund.approve
GET    /<lang>/staff/board                                      board.read
GET    /<lang>/staff/board.xlsx                                 board.read
GET    /<lang>/staff/board.pdf                                  board.read
GET    /<lang>/staff/messages                                   message.dashboard
GET    /<lang>/staff/messages/search                            message.read
POST   /<lang>/staff/messages/search                            message.read
GET    /<lang>/staff/messages/wordings                          template.read
GET    /<lang>/staff/messages/wordings/<code>                   template.read
GET    /<lang>/staff/messages/wordings/<code>/writing           template.write
GET    /<lang>/staff/messages/providers                         provider.steer
POST   /<lang>/staff/messages/providers/<name>                  provider.steer
POST   /<lang>/staff/messages/wordings/<code>/writing           template.write
POST   /<lang>/staff/messages/wordings/<code>/versions/<version>/<move> template.write|template.review
GET    /<lang>/performance                                      message.performance
GET    /<lang>/staff/shifts/<shift_id>                          bill.take_cash|shift.approve
POST   /<lang>/staff/shifts/<shift_id>                          shift.approve
GET    /<lang>/staff/people                                     account.manage
GET    /<lang>/staff/people/new                                 account.manage
POST   /<lang>/staff/people/new                                 account.manage
GET    /<lang>/staff/people/<account_id>                        account.manage
POST   /<lang>/staff/people/<account_id>                        account.manage
POST   /<lang>/staff/people/<account_id>/deactivation           account.manage
POST   /<lang>/staff/people/<account_id>/reactivation           account.manage
POST   /<lang>/staff/people/<account_id>/password               account.manage
POST   /<lang>/staff/people/<account_id>/authenticator          account.manage
POST   /<lang>/staff/people/<account_id>/sessions               account.manage
GET    /<lang>/staff/roles                                      account.manage
GET    /<lang>/staff/audit                                      audit.read
GET    /<lang>/staff/devices                                    device.manage
GET    /<lang>/staff/devices/<device_id>                        device.manage
POST   /<lang>/staff/devices/<device_id>/<change>               device.manage
GET    /<lang>/staff/devices/new                                device.manage
POST   /<lang>/staff/devices/new                                device.manage
GET    /<lang>/staff/devices/<device_id>/items                  offline.read
GET    /<lang>/staff/keys                                       key.manage
GET    /<lang>/staff/keys/new                                   key.manage
POST   /<lang>/staff/keys/new                                   key.manage
GET    /<lang>/staff/keys/<key_id>                              key.manage
POST   /<lang>/staff/keys/<key_id>                              key.manage
GET    /<lang>/staff/units                                      account.manage
GET    /<lang>/staff/parked                                     parked.manage
POST   /<lang>/staff/parked/<service>/<subscription>/<event_id>/replay parked.manage
POST   /<lang>/staff/parked/<service>/<subscription>/<event_id>/skip parked.manage
GET    /<lang>/staff/messages/campaigns                         campaign.run
GET    /<lang>/staff/messages/campaigns/new                     campaign.write
POST   /<lang>/staff/messages/campaigns/new                     campaign.write
GET    /<lang>/staff/messages/campaigns/<campaign_id>           campaign.run
GET    /<lang>/staff/messages/campaigns/<campaign_id>/writing   campaign.write
POST   /<lang>/staff/messages/campaigns/<campaign_id>/writing   campaign.write
POST   /<lang>/staff/messages/campaigns/<campaign_id>/applicants campaign.write
POST   /<lang>/staff/messages/campaigns/<campaign_id>/list      campaign.write
POST   /<lang>/staff/messages/campaigns/<campaign_id>/acceptance campaign.write
POST   /<lang>/staff/messages/campaigns/<campaign_id>/schedule  campaign.run
POST   /<lang>/staff/messages/campaigns/<campaign_id>/<doing>   campaign.write|campaign.approve|campaign.run
GET    /api/v1/audit                                            audit.read
GET    /api/v1/parked                                           parked.manage
POST   /api/v1/parked/<service>/<subscription>/<event_id>/replay parked.manage
POST   /api/v1/parked/<service>/<subscription>/<event_id>/skip  parked.manage
GET    /<lang>/staff/links                                      link.read
GET    /<lang>/staff/links/<peer>                               link.read
GET    /<lang>/staff/links/<peer>/commands                      link.read
POST   /<lang>/staff/links/<peer>/commands                      link.command
GET    /<lang>/staff/letter-answers                             letter.send
GET    /<lang>/staff/letter-answers/<answer_id>                 letter.send
POST   /<lang>/staff/letter-answers/<answer_id>                 letter.send
POST   /<lang>/staff/letter-answers/<answer_id>/letter          letter.send
GET    /<lang>/staff/links/<peer>/recovered                     link.read
POST   /<lang>/staff/links/<peer>/parked/<message_id>/replay    link.settle
POST   /<lang>/staff/links/<peer>/parked/<message_id>/settlement link.settle
POST   /<lang>/staff/links/<peer>/write-off                     link.settle
GET    /api/v1/agencies                                         agency.read
POST   /api/v1/agencies                                         agency.manage
GET    /api/v1/agencies/<agency_id>                             agency.read
GET    /api/v1/agencies/<agency_id>/agreements                  agency.read
POST   /api/v1/agencies/<agency_id>/agreements                  agency.manage
POST   /api/v1/agencies/<agency_id>/agreements/<agreement_id>/ending agency.manage
POST   /api/v1/agencies/<agency_id>/agreements/<agreement_id>/extension agency.manage
POST   /api/v1/agencies/<agency_id>/changes                     agency.manage
POST   /api/v1/agencies/<agency_id>/closing                     agency.manage
POST   /api/v1/agencies/<agency_id>/keys                        agency.manage
POST   /api/v1/agencies/<agency_id>/subscriptions               agency.manage
GET    /api/v1/agencies/offer                                   agency.read
GET    /api/v1/agency/feed                                      feed.read
GET    /api/v1/agency/letters                                   letter.reply
POST   /api/v1/agency/letters/<number>/answer                   letter.reply
GET    /api/v1/agency/licences/<serial>                         licence.verify
GET    /api/v1/agency/subscriptions                             subscription.own|feed.read
GET    /api/v1/agency/subscriptions/<subscription_id>           subscription.own|feed.read
GET    /api/v1/agency/subscriptions/<subscription_id>/dead-letters subscription.own
POST   /api/v1/agency/subscriptions/<subscription_id>/dead-letters/replay subscription.own
POST   /api/v1/agency/subscriptions/<subscription_id>/pause     subscription.own
POST   /api/v1/agency/subscriptions/<subscription_id>/replay    subscription.own
POST   /api/v1/agency/subscriptions/<subscription_id>/resumption subscription.own
POST   /api/v1/agency/subscriptions/<subscription_id>/secret    subscription.own
POST   /api/v1/agency/subscriptions/<subscription_id>/test      subscription.own
GET    /api/v1/subscriptions                                    agency.read
GET    /api/v1/subscriptions/<subscription_id>                  agency.read
POST   /api/v1/subscriptions/<subscription_id>/changes          agency.manage
GET    /api/v1/subscriptions/<subscription_id>/dead-letters     agency.read
POST   /api/v1/subscriptions/<subscription_id>/dead-letters/<event_id>/letting-go agency.manage
POST   /api/v1/subscriptions/<subscription_id>/dead-letters/replay agency.manage
POST   /api/v1/subscriptions/<subscription_id>/ending           agency.manage
POST   /api/v1/subscriptions/<subscription_id>/pause            agency.manage
POST   /api/v1/subscriptions/<subscription_id>/replay           agency.manage
POST   /api/v1/subscriptions/<subscription_id>/resumption       agency.manage
POST   /api/v1/subscriptions/<subscription_id>/secret           agency.manage
POST   /api/v1/subscriptions/<subscription_id>/test             agency.manage
GET    /api/v1/links                                            link.read
GET    /api/v1/links/<peer>                                     link.read
GET    /api/v1/links/<peer>/commands                            link.read
POST   /api/v1/links/<peer>/commands                            link.command
GET    /api/v1/letter-answers                                   letter.send
GET    /api/v1/letter-answers/<answer_id>                       letter.send
POST   /api/v1/letter-answers/<answer_id>/settlement            letter.send
POST   /api/v1/letter-answers/<answer_id>/letter                letter.send
GET    /api/v1/charges                                          reconciliation.read
GET    /api/v1/charges/nodes                                    reconciliation.read
GET    /api/v1/charges/days                                     reconciliation.read
POST   /api/v1/charges/refunds/<refund_id>/decision             refund.approve
GET    /api/v1/links/<peer>/parked                              link.read
GET    /api/v1/links/<peer>/recovered                           link.read
POST   /api/v1/links/<peer>/parked/<message_id>/replay          link.settle
POST   /api/v1/links/<peer>/parked/<message_id>/settlement      link.settle
POST   /api/v1/links/<peer>/write-off                           link.settle
GET    /<lang>/developers                                       guide.read
GET    /<lang>/developers/<operation>                           guide.read
GET    /<lang>/staff/login/oidc                                 guide.read
GET    /<lang>/staff/login/oidc/return                          guide.read
POST   /<lang>/staff/login/code                                 guide.read
GET    /<lang>/staff/account                                    account.own staff
POST   /<lang>/staff/account/password                           account.own staff
POST   /<lang>/staff/account/authenticator                      account.own staff
POST   /<lang>/staff/account/authenticator/confirm              account.own staff
POST   /<lang>/staff/account/recovery-codes                     account.own staff
POST   /<lang>/staff/account/sessions                           account.own staff
POST   /<lang>/staff/account/sessions/<session_id>              account.own staff
GET    /api/v1/me                                               account.own staff
POST   /api/v1/me/password                                      account.own staff
POST   /api/v1/me/authenticator                                 account.own staff
POST   /api/v1/me/authenticator/confirmation                    account.own staff
POST   /api/v1/me/recovery-codes                                account.own staff
DELETE /api/v1/me/sessions                                      account.own staff
DELETE /api/v1/me/sessions/<session_id>                         account.own staff
GET    /api/v1/accounts                                         account.manage
POST   /api/v1/accounts                                         account.manage
GET    /api/v1/accounts/<account_id>                            account.manage
POST   /api/v1/accounts/<account_id>/changes                    account.manage
POST   /api/v1/accounts/<account_id>/deactivation               account.manage
POST   /api/v1/accounts/<account_id>/reactivation               account.manage
POST   /api/v1/accounts/<account_id>/password                   account.manage
POST   /api/v1/accounts/<account_id>/authenticator-reset        account.manage
GET    /api/v1/accounts/<account_id>/sessions                   account.manage
DELETE /api/v1/accounts/<account_id>/sessions                   account.manage
DELETE /api/v1/accounts/<account_id>/sessions/<session_id>      account.manage
GET    /api/v1/keys                                             key.manage
POST   /api/v1/keys                                             key.manage
POST   /api/v1/keys/<key_id>/revocation                         key.manage
GET    /api/v1/openapi.json                                     guide.read
GET    /api/v1/asyncapi.json                                    guide.read
GET    /api/v1/evidence/received                                audit.read
GET    /api/v1/evidence/sent                                    audit.read
GET    /api/v1/evidence/keys                                    audit.read
GET    /<lang>/developers/events                                guide.read
GET    /<lang>/staff/agencies                                   agency.read
GET    /<lang>/staff/agencies/new                               agency.manage
POST   /<lang>/staff/agencies/new                               agency.manage
GET    /<lang>/staff/agencies/<agency_id>                       agency.read
POST   /<lang>/staff/agencies/<agency_id>                       agency.manage
GET    /<lang>/staff/agencies/<agency_id>/keys/new              agency.manage
POST   /<lang>/staff/agencies/<agency_id>/keys/new              agency.manage
GET    /<lang>/staff/agencies/<agency_id>/agreements/new        agency.manage
POST   /<lang>/staff/agencies/<agency_id>/agreements/new        agency.manage
GET    /<lang>/staff/agencies/<agency_id>/agreements/<agreement_id> agency.read
POST   /<lang>/staff/agencies/<agency_id>/agreements/<agreement_id> agency.manage
GET    /<lang>/staff/agencies/<agency_id>/agreements/<agreement_id>/subscriptions/new agency.manage
POST   /<lang>/staff/agencies/<agency_id>/agreements/<agreement_id>/subscriptions/new agency.manage
GET    /<lang>/staff/subscriptions/<subscription_id>            agency.read
POST   /<lang>/staff/subscriptions/<subscription_id>            agency.manage
POST   /<lang>/staff/subscriptions/<subscription_id>/test       agency.manage
POST   /<lang>/staff/subscriptions/<subscription_id>/secret     agency.manage
POST   /<lang>/staff/subscriptions/<subscription_id>/dead-letters agency.manage
POST   /<lang>/staff/subscriptions/<subscription_id>/dead-letters/<event_id> agency.manage
GET    /<lang>/developers/events/<event_type>                   guide.read
GET    /api/v1/guide.json                                       guide.read
GET    /api/v1/guide.yaml                                       guide.read
GET    /api/v1/guide.xlsx                                       guide.read
GET    /api/v1/guide.jsonld                                     guide.read
GET    /api/v1/guide/schema.json                                guide.read
POST   /api/v1/guide/imports                                    guide.edit
GET    /api/v1/services                                         guide.read
GET    /api/v1/services/<code>                                  guide.read
GET    /api/v1/services/<code>/versions                         guide.read
GET    /api/v1/services/<code>/compare                          guide.read
GET    /api/v1/services/<code>/effect                           guide.read
GET    /api/v1/services/<code>/graph.svg                        guide.read
GET    /api/v1/services/<code>/graph.mmd                        guide.read
GET    /<lang>/staff/guide                                      proposal.read
GET    /<lang>/staff/guide/new                                  guide.edit
POST   /<lang>/staff/guide/new                                  guide.edit
GET    /<lang>/staff/guide/services/<code>                      proposal.read
GET    /<lang>/staff/guide/services/<code>/compare              proposal.read
POST   /<lang>/staff/guide/services/<code>/changes              guide.edit
GET    /<lang>/staff/guide/services/<code>/retirement           guide.edit
POST   /<lang>/staff/guide/services/<code>/retirement           guide.edit
GET    /<lang>/staff/guide/offers/<code>                        proposal.read
POST   /<lang>/staff/guide/offers/<code>                        guide.adopt
GET    /<lang>/staff/guide/proposals                            proposal.read
GET    /<lang>/staff/guide/proposals/<proposal_id>              proposal.read
POST   /<lang>/staff/guide/proposals/<proposal_id>/settings     proposal.write
POST   /<lang>/staff/guide/proposals/<proposal_id>/submission   proposal.write
POST   /<lang>/staff/guide/proposals/<proposal_id>/withdrawal   proposal.write
POST   /<lang>/staff/guide/proposals/<proposal_id>/decision     proposal.decide
GET    /<lang>/staff/guide/proposals/<proposal_id>/parts/<part> proposal.read
POST   /<lang>/staff/guide/proposals/<proposal_id>/parts/<part> guide.edit
GET    /<lang>/staff/guide/proposals/<proposal_id>/parts/<part>/<item> proposal.read
POST   /<lang>/staff/guide/proposals/<proposal_id>/parts/<part>/<item> guide.edit
POST   /<lang>/staff/guide/proposals/<proposal_id>/look/<part>  guide.edit
POST   /<lang>/staff/guide/proposals/<proposal_id>/look/<part>/<item> guide.edit
GET    /<lang>/staff/guide/proposals/<proposal_id>/graph.svg    proposal.read
GET    /<lang>/staff/guide/proposals/<proposal_id>/preview      proposal.read
GET    /<lang>/staff/guide/proposals/<proposal_id>/raw          proposal.read
POST   /<lang>/staff/guide/proposals/<proposal_id>/raw          guide.edit
GET    /<lang>/staff/guide/files                                guide.edit
POST   /<lang>/staff/guide/files                                guide.edit
GET    /<lang>/staff/organisation                               organisation.read
GET    /<lang>/staff/organisation/<kind>/<code>                 organisation.read
POST   /<lang>/staff/organisation/changes                       organisation.propose
GET    /<lang>/staff/organisation/proposals/<proposal_id>       organisation.read
POST   /<lang>/staff/organisation/proposals/<proposal_id>       organisation.propose
GET    /<lang>/staff/organisation/proposals/<proposal_id>/<index> organisation.read
POST   /<lang>/staff/organisation/proposals/<proposal_id>/<index> organisation.propose
POST   /api/v1/catalog/proposals                                proposal.write
GET    /api/v1/catalog/proposals                                proposal.read
GET    /api/v1/catalog/proposals/<proposal_id>                  proposal.read
POST   /api/v1/catalog/proposals/<proposal_id>/amendments       proposal.write
POST   /api/v1/catalog/proposals/<proposal_id>/submission       proposal.write
POST   /api/v1/catalog/proposals/<proposal_id>/decision         proposal.decide
POST   /api/v1/catalog/proposals/<proposal_id>/withdrawal       proposal.write
GET    /api/v1/catalog/proposals/<proposal_id>/graph.svg        proposal.read
GET    /api/v1/catalog/proposals/<proposal_id>/effect           proposal.read
GET    /api/v1/catalog/services/<code>/open-requests            proposal.read
POST   /api/v1/catalog/checks                                   proposal.write
GET    /api/v1/catalog/adoptions                                proposal.read
GET    /api/v1/catalog/differences                              proposal.read
POST   /api/v1/documents                                        document.add
POST   /api/v1/drafts                                           request.submit
GET    /api/v1/drafts                                           request.submit
GET    /api/v1/citizens/drafts                                  request.own
DELETE /api/v1/drafts                                           request.submit
POST   /api/v1/uploads                                          document.add
GET    /api/v1/uploads/<upload_id>                              document.add
PUT    /api/v1/uploads/<upload_id>/pieces/<number>              document.add
POST   /api/v1/uploads/<upload_id>/document                     document.add
POST   /api/v1/requests/<tracking_number>/documents             request.complete
GET    /api/v1/services/<code>/fees                             guide.read
GET    /api/v1/requests/<tracking_number>/receipt               request.inquire
POST   /api/v1/requests/<tracking_number>/withdrawal            request.complete
GET    /api/v1/requests/<tracking_number>/corrections           request.correct
POST   /api/v1/requests/<tracking_number>/corrections           request.correct
POST   /api/v1/requests                                         request.submit
GET    /api/v1/requests/<tracking_number>                       request.inquire
GET    /api/v1/requests/<tracking_number>/access-log            request.inquire
GET    /api/v1/requests/<tracking_number>/timeline              request.inquire
POST   /api/v1/requests/<tracking_number>/completion            request.complete
GET    /api/v1/requests/<tracking_number>/licence               licence.fetch
GET    /api/v1/requests/<tracking_number>/bills                 bill.read
GET    /api/v1/bills/<bill_id>                                  bill.read
POST   /api/v1/bills/<bill_id>/payments                         bill.pay|bill.take_cash
GET    /api/v1/payments/rails                                   bill.read
POST   /api/v1/payments/callbacks/<rail>                        bill.callback
GET    /api/v1/messages/providers                               provider.steer
GET    /api/v1/messages/providers/changes                       provider.steer
POST   /api/v1/messages/providers/<name>                        provider.steer
POST   /api/v1/messages/receipts/<provider>                     message.receipt
POST   /api/v1/bills/<bill_id>/receipt/prints                   receipt.print
GET    /api/v1/receipts/<number>                                receipt.read
POST   /api/v1/counters                                         counter.manage
GET    /api/v1/shifts/current                                   bill.take_cash
POST   /api/v1/shifts                                           bill.take_cash
POST   /api/v1/shifts/current/hand-overs                        bill.take_cash
POST   /api/v1/shifts/current/drawers                           bill.take_cash
POST   /api/v1/shifts/current/void-numbers                      bill.take_cash
POST   /api/v1/shifts/current/closing                           bill.take_cash
GET    /api/v1/shifts                                           shift.approve
GET    /api/v1/shifts/<shift_id>                                bill.take_cash|shift.approve
POST   /api/v1/shifts/<shift_id>/approval                       shift.approve
POST   /api/v1/devices/<device_id>/void-receipts                counter.manage
GET    /api/v1/licences/<serial>/verification                   licence.verify
GET    /api/v1/tasks/<task_id>/letter                           task.read
POST   /api/v1/tasks/<task_id>/letter/sending                   letter.send
POST   /api/v1/tasks/<task_id>/letter/answer                    letter.send
POST   /api/v1/requests/<tracking_number>/complaints            complaint.make
GET    /api/v1/complaints/<complaint_number>                    complaint.make
GET    /api/v1/complaints                                       complaint.answer
GET    /api/v1/complaints/<complaint_number>/file               complaint.answer
POST   /api/v1/complaints/<complaint_number>/answer             complaint.answer
POST   /api/v1/requests/<tracking_number>/reopenings            complaint.make
GET    /api/v1/reopenings                                       request.reopen
POST   /api/v1/reopenings/<reopening_id>/decision               request.reopen
POST   /api/v1/register/<serial>/delivery                       licence.deliver
GET    /api/v1/ratings/<token>                                  request.rate
POST   /api/v1/ratings/<token>                                  request.rate
GET    /<lang>/rate/<token>                                     request.rate
POST   /<lang>/rate/<token>                                     request.rate
GET    /api/v1/register                                         licence.read
GET    /api/v1/register/<serial>                                licence.read
POST   /api/v1/register/preview                                 output.preview staff
POST   /api/v1/register/<serial>/suspension                     licence.suspend
POST   /api/v1/register/<serial>/resumption                     licence.resume
POST   /api/v1/register/<serial>/cancellation                   licence.cancel
POST   /api/v1/register/<serial>/replacement                    licence.replace
POST   /api/v1/register/<serial>/prints                         licence.print
GET    /api/v1/devices                                          device.manage
POST   /api/v1/devices                                          device.manage
GET    /api/v1/devices/<device_id>                              device.manage
POST   /api/v1/devices/<device_id>/certification                device.manage
POST   /api/v1/devices/<device_id>/suspension                   device.manage
POST   /api/v1/devices/<device_id>/resumption                   device.manage
POST   /api/v1/devices/<device_id>/revocation                   device.manage
POST   /api/v1/devices/<device_id>/serials/return               device.manage
POST   /api/v1/devices/<device_id>/wipe                         device.manage
GET    /api/v1/devices/<device_id>/unlocking                    offline.work
POST   /api/v1/devices/contact                                  device.contact
GET    /api/v1/warnings                                         warning.list
POST   /api/v1/extensions                                       request.extend
POST   /api/v1/tasks/<task_id>/late-fact                        task.act
GET    /api/v1/silence-reviews                                  silence.review
POST   /api/v1/silence-reviews/<review_id>                      silence.review
GET    /api/v1/deemed/<number>                                  licence.verify
GET    /api/v1/letters/<number>/verification                    licence.verify
GET    /api/v1/requests/<tracking_number>/deemed                licence.fetch
GET    /api/v1/tasks                                            task.list
GET    /<lang>/staff/tasks/<task_id>/graph.svg                  task.read
GET    /<lang>/follow/<tracking_number>/graph.svg               request.inquire
POST   /<lang>/follow/<tracking_number>/appeal                  request.complete
GET    /api/v1/tasks/<task_id>/applicant                        task.read
POST   /api/v1/tasks/next                                       task.next
GET    /api/v1/tasks/desk                                       task.oversee
POST   /api/v1/tasks/relations                                  relation.declare
POST   /api/v1/tasks/<task_id>/take-back                        task.oversee
GET    /api/v1/follow-ups                                       licence.read
GET    /api/v1/licence-questions                                licence.suspend
GET    /api/v1/licence-questions/<question_id>/photos/<document_id> licence.suspend
POST   /api/v1/licence-questions/<question_id>/decision         licence.suspend
GET    /api/v1/relations                                        relation.declare
POST   /api/v1/relations/<relation_id>/withdrawal               relation.withdraw
GET    /api/v1/tasks/<task_id>/graph.svg                        task.read
GET    /<lang>/staff/complaints                                 complaint.answer
GET    /<lang>/staff/complaints/<number>                        complaint.answer
GET    /<lang>/staff/desk                                       task.oversee
GET    /<lang>/staff/desk/<task_id>                             task.oversee
GET    /<lang>/staff/extensions                                 request.extend
GET    /<lang>/staff/find                                       request.find
GET    /<lang>/staff/follow-ups                                 licence.read
GET    /<lang>/staff/late                                       late.read
GET    /<lang>/staff/late/<tracking_number>                     late.explain
GET    /<lang>/staff/licence-questions                          licence.suspend
GET    /<lang>/staff/licence-questions/<question_id>/photos/<document_id> licence.suspend
GET    /<lang>/staff/quarantine                                 offline.review
GET    /<lang>/staff/quarantine/<item_id>                       offline.review
GET    /<lang>/staff/quarantine/<item_id>/documents/<sha256>    offline.review
GET    /<lang>/staff/register                                   licence.read
GET    /<lang>/staff/register/<serial>                          licence.read
GET    /<lang>/staff/relations                                  relation.declare
GET    /<lang>/staff/reopenings                                 request.reopen
GET    /<lang>/staff/silence                                    silence.review
GET    /<lang>/staff/tasks/<task_id>/applicant                  task.read
GET    /<lang>/staff/tasks/<task_id>/letter.pdf                 task.read
GET    /<lang>/staff/tasks/<task_id>/missing/<action>           task.act
GET    /<lang>/staff/visits                                     visit.plan
GET    /<lang>/staff/visits/<number>                            visit.plan
GET    /<lang>/staff/warnings                                   warning.list
GET    /api/v1/late                                             late.read
GET    /api/v1/late/causes                                      late.read
GET    /api/v1/tasks/<task_id>/hand-over                        task.oversee
GET    /api/v1/visit-tablets                                    visit.plan
GET    /api/v1/work                                             warning.list
POST   /<lang>/staff/complaints/<number>                        complaint.answer
POST   /<lang>/staff/desk/<task_id>/hand-over                   task.oversee
POST   /<lang>/staff/desk/<task_id>/take-back                   task.oversee
POST   /<lang>/staff/extensions                                 request.extend
POST   /<lang>/staff/find                                       request.find
POST   /<lang>/staff/late/<tracking_number>                     late.explain
POST   /<lang>/staff/licence-questions/<question_id>            licence.suspend
POST   /<lang>/staff/quarantine/<item_id>/close                 offline.review
POST   /<lang>/staff/quarantine/<item_id>/retry                 offline.review
POST   /<lang>/staff/register/<serial>/<act>                    licence.suspend|licence.resume|licence.cancel|licence.replace
POST   /<lang>/staff/register/<serial>/delivery                 licence.deliver
POST   /<lang>/staff/register/<serial>/prints                   licence.print
POST   /<lang>/staff/relations                                  relation.declare
POST   /<lang>/staff/relations/<relation_id>/withdrawal         relation.withdraw
POST   /<lang>/staff/reopenings/<reopening_id>                  request.reopen
POST   /<lang>/staff/silence/<review_id>                        silence.review
POST   /<lang>/staff/tasks/<task_id>/letter                     letter.send
POST   /<lang>/staff/tasks/<task_id>/missing/<action>           task.act
POST   /<lang>/staff/tasks/<task_id>/photos                     task.act
POST   /<lang>/staff/visits/<number>/<end>                      visit.plan
POST   /<lang>/staff/visits/<number>/plan                       visit.plan
POST   /api/v1/late/causes                                      late.explain
POST   /api/v1/tasks/<task_id>/completion-preview               task.act
POST   /api/v1/tasks/<task_id>/hand-over                        task.oversee
POST   /api/v1/requests/<tracking_number>/appeal                request.complete
GET    /api/v1/requests/<tracking_number>/graph.svg             request.inquire
GET    /api/v1/tasks/<task_id>                                  task.read
GET    /api/v1/tasks/<task_id>/documents/<document_id>          task.read
POST   /api/v1/tasks/<task_id>/actions                          task.act
GET    /api/v1/campaigns                                        campaign.run
POST   /api/v1/campaigns                                        campaign.write
GET    /api/v1/campaigns/<campaign_id>                          campaign.run
POST   /api/v1/campaigns/<campaign_id>/amendments               campaign.write
POST   /api/v1/campaigns/<campaign_id>/applicants               campaign.write
POST   /api/v1/campaigns/<campaign_id>/list                     campaign.write
GET    /api/v1/campaigns/<campaign_id>/faults                   campaign.run
POST   /api/v1/campaigns/<campaign_id>/acceptance               campaign.write
GET    /api/v1/campaigns/<campaign_id>/preview                  campaign.run
POST   /api/v1/campaigns/<campaign_id>/submission               campaign.write
POST   /api/v1/campaigns/<campaign_id>/decision                 campaign.approve
POST   /api/v1/campaigns/<campaign_id>/schedule                 campaign.run
POST   /api/v1/campaigns/<campaign_id>/pause                    campaign.run
POST   /api/v1/campaigns/<campaign_id>/resumption               campaign.run
POST   /api/v1/campaigns/<campaign_id>/cancellation             campaign.run
GET    /api/v1/message-templates                                template.read
GET    /api/v1/message-templates/<code>                         template.read
GET    /api/v1/message-templates/<code>/versions/<version>      template.read
POST   /api/v1/message-templates/<code>/preview                 template.read
POST   /api/v1/message-templates/<code>/versions                template.write
POST   /api/v1/message-templates/<code>/versions/<version>/amendments template.write
POST   /api/v1/message-templates/<code>/versions/<version>/submission template.write
POST   /api/v1/message-templates/<code>/versions/<version>/return template.review
POST   /api/v1/message-templates/<code>/versions/<version>/approval template.review
POST   /api/v1/message-templates/<code>/versions/<version>/withdrawal template.write|template.review
GET    /api/v1/organisation/<kind>                              organisation.read
GET    /api/v1/organisation/<kind>/<code>/history               organisation.read
GET    /api/v1/organisation/employee/<code>/name                organisation.propose|organisation.review_council|organisation.review_follow_up
GET    /api/v1/calendar/<year>                                  guide.read
POST   /api/v1/bills                                            bill.issue
POST   /api/v1/bills/<bill_id>/exemptions                       bill.amend
POST   /api/v1/bills/<bill_id>/amendments                       bill.amend
POST   /api/v1/bills/<bill_id>/cancellation                     bill.cancel
POST   /api/v1/bills/<bill_id>/extension                        bill.issue
GET    /api/v1/bills/<bill_id>/changes                          bill.amend
GET    /api/v1/bill-changes                                     bill.amend
POST   /api/v1/bill-changes/<change_id>/decision                bill.approve
GET    /api/v1/payments/reviews                                 review.settle
POST   /api/v1/payments/reviews/<review_id>/decision            review.settle
POST   /api/v1/bills/<bill_id>/refunds                          refund.request
GET    /api/v1/bills/<bill_id>/refunds                          refund.read
POST   /api/v1/credits/<credit_id>/refunds                      refund.request
GET    /api/v1/refunds                                          refund.read
POST   /api/v1/refunds/<refund_id>/decision                     refund.approve
POST   /api/v1/refunds/<refund_id>/payment                      refund.pay
POST   /api/v1/refunds/<refund_id>/steering                     refund.approve
POST   /api/v1/bills/<bill_id>/disputes                         dispute.manage
POST   /api/v1/bills/<bill_id>/disputes/decision                dispute.manage
GET    /api/v1/statements                                       reconciliation.read
POST   /api/v1/statements                                       reconciliation.import
GET    /api/v1/statements/files/<upload_id>                     reconciliation.read
GET    /api/v1/statements/<statement_id>                        reconciliation.read
GET    /api/v1/statements/<statement_id>/lines                  reconciliation.read
POST   /api/v1/statements/<statement_id>/aside                  reconciliation.resolve
POST   /api/v1/statements/<statement_id>/transfers              settlement.record
POST   /api/v1/statements/<statement_id>/difference             settlement.let_go
GET    /api/v1/differences                                      reconciliation.read
POST   /api/v1/differences/<difference_id>                      reconciliation.resolve
GET    /api/v1/reconciled                                       reconciliation.read
GET    /api/v1/treasury                                         reconciliation.read
POST   /api/v1/treasury                                         treasury.export
POST   /api/v1/treasury/<period_id>/closing                     treasury.close
GET    /api/v1/treasury/<period_id>/file                        reconciliation.read
GET    /api/v1/collections                                      collections.read
GET    /api/v1/boards                                           board.read
GET    /api/v1/boards/open                                      board.read
GET    /api/v1/boards/board.xlsx                                board.read
GET    /api/v1/boards/board.pdf                                 board.read
GET    /api/v1/requests/<tracking_number>/messages              message.read
POST   /api/v1/messages/search                                  message.read
GET    /api/v1/messages/counts                                  message.dashboard
GET    /api/v1/messages/performance                             message.performance
GET    /api/v1/finding                                          request.find
POST   /api/v1/finding                                          request.find
POST   /api/v1/sessions                                         guide.read
DELETE /api/v1/sessions                                         guide.read staff
POST   /api/v1/citizens/codes                                   code.use
POST   /api/v1/citizens/sessions                                code.use
DELETE /api/v1/citizens/sessions                                request.own
DELETE /api/v1/citizens/sessions/<session_id>                   request.own
GET    /api/v1/citizens/account                                 request.own
GET    /api/v1/citizens/requests                                request.own
POST   /api/v1/citizens/bindings                                citizen.bind
POST   /api/v1/citizens/bindings/<challenge_id>/confirmation    citizen.bind
GET    /<lang>/my                                               request.own
GET    /<lang>/my/login                                         guide.read
POST   /<lang>/my/login                                         guide.read
POST   /<lang>/my/code                                          guide.read
POST   /<lang>/my/logout                                        request.own
GET    /<lang>/my/logged-out                                    guide.read
POST   /<lang>/my/sessions/<session_id>                         request.own
GET    /<lang>/my/requests/<tracking_number>                    request.own
GET    /<lang>/staff/bindings                                   citizen.bind
POST   /<lang>/staff/bindings                                   citizen.bind
POST   /<lang>/staff/bindings/code                              citizen.bind
POST   /api/v1/visits                                           visit.order
GET    /api/v1/visits                                           visit.plan
GET    /api/v1/visits/<visit_number>                            visit.order
POST   /api/v1/visits/<visit_number>/cancellation               visit.order
GET    /api/v1/visits/<visit_number>/file                       visit.plan
POST   /api/v1/visits/<visit_number>/plan                       visit.plan
POST   /api/v1/visits/<visit_number>/calling-off                visit.plan
POST   /api/v1/visits/<visit_number>/missed                     visit.plan
POST   /api/v1/devices/<device_id>/bundle                       offline.work
POST   /api/v1/devices/<device_id>/items                        offline.work
GET    /api/v1/devices/<device_id>/items                        offline.read
GET    /api/v1/offline-items                                    offline.review
GET    /api/v1/offline-items/<item_id>                          offline.review
GET    /api/v1/offline-items/<item_id>/documents/<sha256>       offline.review
POST   /api/v1/offline-items/<item_id>/retry                    offline.review
POST   /api/v1/offline-items/<item_id>/closing                  offline.review
POST   /api/v1/turns                                            queue.take
POST   /api/v1/turns/calls                                      queue.call
POST   /api/v1/turns/<turn_id>/recall                           queue.call
POST   /api/v1/turns/<turn_id>/service                          queue.call
POST   /api/v1/turns/<turn_id>/end                              queue.call
POST   /api/v1/turns/<turn_id>/absence                          queue.call
POST   /api/v1/turns/<turn_id>/transfer                         queue.call
POST   /api/v1/turns/<turn_id>/requests                         queue.call
GET    /api/v1/turns/tickets/<label>                            queue.call
GET    /api/v1/turns/desk                                       queue.call
GET    /api/v1/turns/display                                    guide.read
GET    /api/v1/turns/figures                                    queue.read
"""  # noqa: E501

ROWS = [tuple(line.split()) for line in TABLE.strip().splitlines()]
STAFF = sorted(code for code, role in roles.load().roles.items() if role.staff)
VALUES = {
    "governorate": "EG-C", "application_id": TASK_ID,
    "part": "form", "item": "0", "index": "0",
    "question": "live", "name": "style.css", "serial": "C-2026-000001-T", "lang": "ar", "code": "shop-licence",
    "tracking_number": NUMBER, "bill_id": BILL_ID, "task_id": TASK_ID,
    "proposal_id": TASK_ID, "document_id": TASK_ID, "rail": "fawry",
    "kind": "unit", "year": "2026", "upload_id": TASK_ID, "number": "1", "review_id": TASK_ID,
    "sha256": "a" * 64, "visit_number": "V-C-2026-000001-R", "item_id": TASK_ID, "device_id": TASK_ID,
    "token": "a" * 24, "complaint_number": "K-C-2026-000001-T", "reopening_id": TASK_ID,
    "question_id": TASK_ID, "relation_id": TASK_ID, "act": "replace_print", "end": "missed", "action": "send_back",
    "statement_id": TASK_ID, "campaign_id": TASK_ID, "difference_id": TASK_ID, "period_id": TASK_ID,
    "account_id": TASK_ID, "shift_id": TASK_ID, "change": "suspend", "move": "propose", "doing": "pause",
    "session_id": TASK_ID, "key_id": TASK_ID, "operation": "make_key", "turn_id": TASK_ID,
    "label": "A7", "draft_id": TASK_ID, "unit": "EG-C-01", "challenge_id": TASK_ID, "version": "1001",
    "service": "gateway", "subscription": "take_bill", "event_id": TASK_ID, "peer": "EG",
    "message_id": TASK_ID, "answer_id": TASK_ID,
    "step": "purpose", "change_id": TASK_ID, "refund_id": TASK_ID, "credit_id": TASK_ID,
    "event_type": "requests.licence.issued.v1",
    "agency_id": TASK_ID, "agreement_id": TASK_ID, "subscription_id": TASK_ID,
}  # fmt: skip


def test_the_table_is_the_whole_truth() -> None:
    app = client_of(Service()).application
    real = {
        (
            method,
            re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", rule.rule),
            gate.permission,
            *(["staff"] if gate.staff else []),
        )
        for rule in app.url_map.iter_rules()
        for gate in [app.gates[rule.endpoint]]
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert real == set(ROWS)


def test_a_route_without_a_permission_cannot_be_registered() -> None:
    app = Doors("somewhere")
    with pytest.raises(UnguardedRoute):
        app.add_url_rule("/open", "open", lambda: "in")
    blueprint = Blueprint("loose", "somewhere")
    blueprint.route("/loose")(lambda: "in")
    with pytest.raises(UnguardedRoute):
        app.register_blueprint(blueprint)


def test_a_permission_that_nobody_defined_cannot_be_named() -> None:
    blueprint = Blueprint("invented", "somewhere")
    door(blueprint, "GET", "/invented", permission="bill.shred")(lambda: "in")
    with pytest.raises(UnguardedRoute):
        Doors("somewhere").register_blueprint(blueprint)


def test_flask_itself_would_have_let_it_in() -> None:
    """The test above can fail: an ordinary app takes the same route."""
    app = Flask("somewhere")
    app.add_url_rule("/open", "open", lambda: "in")
    assert app.test_client().get("/open").status_code == 200


@pytest.mark.parametrize("role", ["public", *STAFF])
def test_everybody_is_let_in_exactly_where_the_roles_say(role: str) -> None:
    service = Service()
    service.definitions = [row for row in service.definitions if row.code == VALUES["code"]]  # soon exported
    token = None if role == "public" else service.log_in(role, department="licensing")
    for method, rule, permission, *rest in ROWS:
        if permission in ("bill.callback", "message.receipt", "device.contact"):
            continue  # comes in the role of its sender, whoever that is; its signature is checked behind the door
        may = any(roles.permits((role,), one) for one in permission.split("|")) and not (rest and role == "public")
        code = _code_of(service, token, method, rule)
        assert (code not in ("unauthenticated", "forbidden")) is may, f"{role}: {method} {rule} → {code}"


def test_a_callback_comes_as_a_rail_and_as_nobody_else() -> None:
    service = Service()
    service.answers["payments.callback"] = {"taken": True}
    token = service.log_in("administrator")
    answer = client_of(service).post("/api/v1/payments/callbacks/fawry", data=b"{}",
                                     headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    assert answer.status_code == 200
    assert service.called[-1].actor.roles == ("rail",)


def test_a_delivery_receipt_comes_as_a_provider_raw_and_with_what_it_was_signed_by() -> None:
    service = Service()
    service.answers["notifications.receipts"] = {"taken": 1}
    answer = client_of(service).post("/api/v1/messages/receipts/nile", data=b'{"receipts": []}',
                                     headers={"X-Timestamp": "1789000000", "X-Signature": "ab"})  # fmt: skip
    assert answer.status_code == 200
    assert service.called[-1].actor.roles == ("provider",)
    assert service.called[-1].payload == {
        "provider": "nile", "timestamp": "1789000000", "signature": "ab", "body": '{"receipts": []}'}  # fmt: skip


@pytest.mark.parametrize("given", [{"since": "0001-01-01", "until": "2026-03-01"}, {"until": "9999-12-31"}])
def test_a_period_at_the_end_of_the_calendar_is_refused_before_anybody_counts(given: dict[str, str]) -> None:
    service = Service()
    headers = {"Authorization": f"Bearer {service.log_in('finance_officer')}", "Idempotency-Key": "a-key-of-mine-1"}
    assert client_of(service).post("/api/v1/treasury", json=given, headers=headers).status_code == 422
    assert service.called == []


def test_as_many_receipts_as_an_operator_may_report_at_once_fit_one_call() -> None:
    service = Service()
    service.answers["notifications.receipts"] = {"taken": http_receipts.MOST}
    one = {"id": "01980c5e-7c00-7000-8000-0000000000aa-001", "to": "+201012345678", "status": "undelivered",
           "reason": "Absent subscriber for the time being"}
    client, door = client_of(service), "/api/v1/messages/receipts/nile"
    assert client.post(door, json={"receipts": [one] * http_receipts.MOST}).status_code == 200
    assert client.post(door, data=b" " * (256 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [("cashier", {"rail": "cash", "tendered": 100}, 201), ("cashier", {"rail": "fawry"}, 403),
     ("public", {"rail": "cash", "tendered": 100}, 401), ("public", {"rail": "fawry"}, 201),
     ("window_clerk", {"rail": "cash", "tendered": 100}, 403), ("cashier", {"rail": "cash"}, 422),
     ("public", {"rail": "fawry", "tendered": 100}, 422)],
)  # fmt: skip
def test_cash_is_for_cashiers_and_rails_are_for_payers(role: str, body: dict[str, Any], status: int) -> None:
    service = Service()
    service.answers |= {"payments.start": {"state": "pending"}, "payments.take_cash": {"state": "paid"}}
    headers = {"Idempotency-Key": "0123456789abcdef"}
    if role != "public":
        headers["Authorization"] = f"Bearer {service.log_in(role)}"
    answer = client_of(service).post(f"/api/v1/bills/{BILL_ID}/payments", json=body, headers=headers)
    assert answer.status_code == status
    assert len(service.called) == (status == 201)


def test_that_somebody_of_the_staff_tried_is_recorded() -> None:
    service = Service()
    headers = {"Authorization": f"Bearer {service.log_in('cashier')}"}
    assert client_of(service).get("/api/v1/tasks", headers=headers).status_code == 403
    assert [row[1:] for row in service.denied] == [("GET /api/v1/tasks", "task.list", "forbidden")]


def _code_of(service: Service, token: str | None, method: str, rule: str) -> str:
    """What a request of this route is refused with, or `in`."""
    path = re.sub(r"<(\w+)>", lambda found: VALUES[found[1]], rule)
    if rule.startswith("/api/"):
        client: Any = client_of(service)
        headers = {"Idempotency-Key": "0123456789abcdef", "X-Phone-Last4": "5678"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = client.open(path, method=method, headers=headers, json={} if method == "POST" else None)
        if rule == "/api/v1/sessions" and method == "DELETE" and token:
            service.log_in(token.removeprefix("token-of-").removesuffix("-0123456789"), department="licensing")
        body = answer.get_json(silent=True) or {}
        return str(body.get("code", "in"))
    client = client_of(service, token)
    data = {"csrf": csrf_of(client)} if method == "POST" else None
    answer = client.open(path, method=method, data=data)
    if rule.endswith("/staff/logout") and token:
        service.log_in(token.removeprefix("token-of-").removesuffix("-0123456789"), department="licensing")
        return "in"
    if answer.status_code == 303 and re.search(r"/(staff|my)/login", answer.location):
        return "unauthenticated"
    found = re.search(r'data-problem="(\w+)"', answer.get_data(as_text=True))
    return found[1] if found else "in"
