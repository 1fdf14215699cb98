/** The names by which files call their columns, as data: what a kind must have, may have, and where the rest goes. */

/** The kinds that are read from columns. */
export type TableKind = 'interactions' | 'items' | 'users' | 'orders' | 'consents' | 'reviews'

/** Field -> usual names of its column, lower case and without separators; the first two are the documented ones. */
type Synonyms = Readonly<Record<string, readonly string[]>>

const who: Synonyms = {
  user: [
    'user',
    'customer',
    'userid',
    'customerid',
    'client',
    'clientid',
    'member',
    'memberid',
    'uid',
    'visitorid',
    'shopperid',
    'accountid',
  ],
  anonymous: ['session', 'sessionid', 'anonymousid', 'anonymous', 'deviceid', 'cookieid'],
}
const what: Synonyms = {
  item: [
    'item',
    'itemid',
    'product',
    'productid',
    'stockcode',
    'sku',
    'movieid',
    'bookid',
    'isbn',
    'articleid',
    'asin',
    'contentid',
    'productsku',
    'variantid',
  ],
  title: ['title', 'itemtitle', 'producttitle', 'productname', 'itemname', 'description'],
  category: ['category', 'categoryid', 'categorycode', 'itemcategory', 'productcategory'],
  price: ['price', 'unitprice', 'itemprice'],
  currency: ['currency', 'currencycode'],
  quantity: ['quantity', 'qty', 'count', 'units', 'amountofitems'],
  time: [
    'time',
    'timestamp',
    'date',
    'datetime',
    'invoicedate',
    'orderdate',
    'eventtime',
    'createdat',
    'day',
    'purchasedate',
    'ts',
  ],
}

export const synonyms: Readonly<Record<TableKind, Synonyms>> = {
  interactions: {
    ...who,
    ...what,
    value: ['value', 'rating', 'stars', 'score', 'label', 'plays', 'overall', 'weight'],
    event: ['event', 'eventtype', 'action', 'behavior', 'behaviour', 'type', 'interaction', 'eventname'],
    order: ['order', 'orderid', 'basket', 'basketid', 'invoice', 'transactionid'],
  },
  orders: {
    ...who,
    ...what,
    order: [
      'order',
      'invoice',
      'orderid',
      'ordernumber',
      'invoiceno',
      'invoiceid',
      'transaction',
      'transactionid',
      'basket',
      'basketid',
      'ordername',
      'receipt',
    ],
    total: ['total', 'amount', 'revenue', 'ordertotal', 'grandtotal', 'value', 'spend', 'sales'],
    'properties.country': ['country', 'shippingcountry', 'countrycode'],
    email: ['email', 'customeremail', 'emailaddress'],
  },
  reviews: {
    user: [...who.user, 'reviewerid', 'reviewer', 'authorid'],
    anonymous: who.anonymous,
    item: [...what.item, 'parentasin'],
    value: ['rating', 'stars', 'value', 'score', 'overall', 'starrating', 'reviewrating'],
    review: ['review', 'reviewid', 'id'],
    title: ['title', 'reviewtitle', 'summary', 'headline', 'reviewheadline'],
    text: ['text', 'reviewbody', 'body', 'reviewtext', 'comment', 'content', 'message'],
    author: ['author', 'reviewername', 'displayname', 'nickname', 'name'],
    helpful: ['helpful', 'helpfulvotes', 'helpfulvote', 'upvotes', 'vote', 'helpfulnessnumerator'],
    votes: ['votes', 'totalvotes', 'helpfulnessdenominator'],
    time: [...what.time, 'reviewdate', 'reviewtime', 'unixreviewtime', 'submittedat'],
  },
  users: {
    user: who.user,
    anonymous: who.anonymous,
    time: ['time', 'timestamp', 'updatedat', 'lastseen'],
    'traits.email': ['email', 'emailaddress', 'mail'],
    'traits.phone': ['phone', 'phonenumber', 'mobile', 'telephone'],
    'traits.firstName': ['firstname', 'givenname', 'forename'],
    'traits.lastName': ['lastname', 'familyname', 'surname'],
    'traits.name': ['name', 'fullname'],
    'traits.createdAt': ['createdat', 'signupdate', 'registered', 'registeredat'],
  },
  consents: {
    user: who.user,
    anonymous: who.anonymous,
    email: ['email', 'emailaddress', 'mail'],
    phone: ['phone', 'phonenumber', 'mobile', 'telephone'],
    status: [
      'status',
      'consent',
      'answer',
      'emailmarketingconsent',
      'emailconsent',
      'emailmarketing',
      'subscriptionstatus',
      'acceptsmarketing',
      'acceptsemailmarketing',
    ],
    smsStatus: ['smsstatus', 'smsconsent', 'smsmarketingconsent', 'smsmarketing', 'acceptssmsmarketing'],
    time: [
      'time',
      'optintime',
      'optedinat',
      'optindate',
      'consenttimestamp',
      'emailmarketingconsenttimestamp',
      'subscribedat',
      'timestamp',
      'date',
      'dateadded',
      'profilecreatedon',
    ],
    confirmed: ['confirmed', 'confirmtime', 'confirmedat', 'doubleoptintime'],
    ended: [
      'ended',
      'unsubtime',
      'unsubscribedat',
      'cleantime',
      'suppressedat',
      'optouttime',
      'optedoutat',
      'unsubscribetime',
    ],
    purposes: ['purposes', 'purpose', 'channels'],
    source: ['source', 'optinsource', 'consentmethod', 'consentsource', 'initialsource'],
    wording: ['wording', 'wordingversion', 'textversion', 'consentformversion', 'consentversion'],
    proof: ['proof', 'evidence', 'consentformid', 'formid', 'leid', 'klaviyoid'],
    expires: ['expires', 'expiresat', 'validuntil'],
  },
  items: {
    id: ['id', ...what.item, 'handle'],
    title: ['title', 'name', 'productname', 'producttitle', 'itemname', 'itemtitle'],
    text: ['text', 'description', 'body', 'bodyhtml', 'longdescription', 'summary'],
    categories: [
      'categories',
      'category',
      'genres',
      'genre',
      'producttype',
      'department',
      'categorypath',
      'googleproductcategory',
    ],
    price: ['price', 'unitprice', 'saleprice'],
    currency: what.currency,
    cost: ['cost', 'costprice', 'costofgoodssold', 'purchaseprice'],
    stock: [
      'stock',
      'inventory',
      'availability',
      'stocklevel',
      'inventoryquantity',
      'stockquantity',
      'quantity',
      'qty',
      'onhand',
    ],
    audience: ['audience', 'agerating', 'minimumage'],
    image: ['image', 'imageurl', 'imagelink', 'imagesrc', 'picture', 'img'],
    url: ['url', 'link', 'producturl', 'pageurl'],
    availableFrom: ['availablefrom', 'startdate', 'publishedat'],
    availableUntil: ['availableuntil', 'enddate', 'expirationdate', 'expires'],
    deliveryDays: ['deliverydays', 'leadtime', 'leadtimedays', 'deliverytime'],
    group: ['group', 'itemgroupid', 'parentid', 'parentsku', 'groupid', 'masterid'],
    names: ['names', 'sku', 'skus', 'variantsku', 'barcode', 'variantbarcode', 'ean', 'gtin', 'upc', 'variantid'],
    hidden: ['hidden', 'disabled', 'archived'],
  },
}

/** Which fields a file must have, each of them or one of several. */
export const needed: Readonly<Record<TableKind, readonly (readonly string[])[]>> = {
  interactions: [['user', 'anonymous'], ['item']],
  // An order line names an item; a purchase (customer, time, amount) does not.
  orders: [
    ['item', 'total'],
    ['time', 'order', 'user'],
  ],
  users: [['user', 'anonymous', 'traits.email']],
  consents: [['user', 'anonymous', 'email', 'phone']],
  items: [['id']],
  reviews: [['user', 'anonymous'], ['item'], ['value', 'text']],
}

/** Fields that several columns may be mapped to. */
export const repeated = new Set(['categories', 'names'])

/** Where further columns of a kind may go. */
export const spaces: Readonly<Record<TableKind, string>> = {
  users: 'traits',
  items: 'attributes',
  interactions: 'properties',
  orders: 'properties',
  consents: 'properties',
  reviews: 'properties',
}

/** A column's name as it is compared: `Customer ID`, `customer_id` and `g:customerId` are one. */
export function folded(column: string): string {
  return column
    .trim()
    .toLowerCase()
    .replace(/^g:/, '')
    .replaceAll(/[\s_\-./:]+/g, '')
}
